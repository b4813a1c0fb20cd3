"""The README's tables of overfitting and fixes, made from stored runs.

``python tests/benchmarks/fixes_tables.py`` writes them there; a test holds that they are in step.
The runs are ``measure_overfitting.py --store`` and ``measure_fixes.py --store``.
"""

import pandas as pd
from readme_parts import write

from lobsim.sim_to_real.stored_fixes import measured_curve, measured_fixes, measured_table

_SHARES = {"share": "of the loss", "edge_share": "of the lost edge"}
_NAMES = {"against": "The price runs against the order, and fees are higher",
          "calm": "No trends to follow, and wide spreads"}


def between(row, name: str, low: str, high: str, form: str = "+.2f") -> str:
    """A number with its interval, empty where there is none."""
    if any(pd.isna(row.get(one)) for one in (name, low, high)):
        return ""
    return f"{row[name]:{form}} ({row[low]:{form}} to {row[high]:{form}})"


def overfitting() -> str:
    """Gains by the number of histories."""
    curve = measured_curve()
    first = curve.iloc[0]
    lines = [
        f"`python tests/benchmarks/measure_overfitting.py --store`: PPO, {first['agents']:.0f} "
        f"trainings on each number of histories, for the same number of steps; "
        f"{first['days']:.0f} fresh days; bps gained over the schedule on the same day, more is "
        f"better.", "",
        "| histories | own | fresh | own less fresh (95 %) | p |", "|---|---|---|---|---|"]
    lines += [f"| {row['histories']} | {row['own']:+.2f} | {row['fresh']:+.2f} | "
              f"{between(row, 'gap', 'low', 'high')} | {row['p_value']:.4f} |"
              for row in curve.to_dict("records")]
    return "\n".join(lines)


def venue(name: str) -> list[str]:
    """One venue: what each fix costs beyond the schedule, gains and wins back."""
    found, table = measured_fixes()["venues"][name], measured_table(name)
    gaps = ", ".join(f"`{gap}={size:g}`" for gap, size in map(split, found["gaps"]))
    deployed = [pilot["is_fallback"] for pilot in found["pilots"]]
    lines = [f"{_NAMES[name]} ({gaps}):", "",
             f"| | costs beyond the schedule | gains | {' | '.join(_SHARES.values())} |",
             "|---|---|---|---|---|"]
    for row in table.reset_index().to_dict("records"):
        shares = " | ".join(between(row, share, f"{share}_low", f"{share}_high", "+.0%")
                            for share in _SHARES)
        lines.append(f"| {row['fix']} | {between(row, 'excess_bps', 'excess_low', 'excess_high')} "
                     f"| {between(row, 'gain_bps', 'gain_low', 'gain_high')} | {shares} |")
    return [*lines, "", f"The guard left the schedule in place in {sum(deployed)} of "
                        f"{len(deployed)} pilots."]


def split(gap: str) -> tuple[str, float]:
    """Name and size of a gap."""
    name, _, size = gap.partition("=")
    return name, float(size or 1)


def fixes() -> str:
    """All venues."""
    settings = measured_fixes()["settings"]
    parts = [f"`python tests/benchmarks/measure_fixes.py --store`: {settings['seeds']} training "
             f"seeds, {settings['days']} unseen days; bps; costs are less the schedule's at the same "
             f"place (of the first row: in the simulator), negative = better than it; gains are "
             f"over the agent as it is. Intervals are 95 %, over training seeds and days, by "
             f"pairs. A share stands only where the loss is told from 0: of cost, or of the edge "
             f"over the schedule."]
    for name in measured_fixes()["venues"]:
        parts += ["", *venue(name)]
    return "\n".join(parts)


if __name__ == "__main__":
    write("overfitting", overfitting())
    write("fixes", fixes())
