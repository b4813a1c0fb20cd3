"""The README's tables of leakage, made from a stored run.

The run is ``python tests/benchmarks/measure_portfolio_leakage.py --store``. ``python
tests/benchmarks/leakage_table.py`` writes the tables into the README; a test holds that they are in
step.
"""

import pandas as pd
from measure_portfolio_leakage import parser
from readme_parts import write

from lobsim.agents.leak_surface import CLASSES, leak_surface, measured_leakage

def command(settings: dict) -> str:
    """What was run."""
    changed = ""
    for name, usual in vars(parser().parse_args([])).items():
        if name == "store" or settings[name] == usual:
            continue
        values = settings[name] if isinstance(settings[name], list) else [settings[name]]
        changed += f" --{name.replace('_', '-')} {' '.join(map(str, values))}"
    return f"python tests/benchmarks/measure_portfolio_leakage.py --store{changed}"


def between(row, name: str, digits: int = 1, sign: str = "+") -> str:
    """A mean with its interval, empty where there is none."""
    value, low, high = (row.get(f"{name}{end}") for end in ("_bps", "_low", "_high"))
    if any(pd.isna(one) for one in (value, low, high)):
        return ""
    return f"{value:{sign}.{digits}f} ({low:{sign}.{digits}f}, {high:{sign}.{digits}f})"


def area(row) -> str:
    """AUC with its interval."""
    return f"{row['auc']:.2f} ({row['auc_low']:.2f}, {row['auc_high']:.2f})"


def whole(table: pd.DataFrame) -> list[str]:
    """One size of blocks, all classes together, with what predators did if there were any."""
    hunted = "hunted_bps" in table and table["hunted_bps"].notna().any()
    heads = ["cost", "less TWAP's", "risk", "completion", "violations", "AUC", "side", "size"]
    heads += ["the predator costs", "and makes"] if hunted else []
    lines = [f"| strategy | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
    for row in table.to_dict("records"):
        gap = "" if row["strategy"] == "TWAP" else between(row, "gap")
        size = "" if pd.isna(row["size_correlation"]) else f"{row['size_correlation']:.2f}"
        cells = [f"{row['cost_bps']:.1f}", gap, f"{row['risk_bps']:.1f}",
                 f"{row['completion']:.1%}", f"{row['violations']:.0f}", area(row),
                 f"{row['right_side']:.2f}", size]
        cells += [between(row, "hunted", 2), between(row, "predator", 2)] if hunted else []
        lines.append(f"| {row['strategy']} | {' | '.join(cells)} |")
    return lines


def by_class(table: pd.DataFrame) -> list[str]:
    """Cost, risk, completion, AUC and predator of each class of urgency at one size of blocks."""
    classes = CLASSES[1:]
    heads = " | ".join(f"urgency {name}" for name in classes)
    lines = [f"| cost; risk; completion; AUC; what the predator makes | {heads} |",
             "|---|" + "---|" * len(classes)]
    for name, rows in table.groupby("strategy", sort=False):
        found = {row["urgency"]: row for row in rows.to_dict("records")}
        cells = [f"{row['cost_bps']:.1f}; {row['risk_bps']:.1f}; {row['completion']:.1%}; "
                 f"{area(row)}; {between(row, 'predator')}"
                 for row in (found[one] for one in classes)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def hunts(table: pd.DataFrame) -> str:
    """Whose predators make or cost money beyond the interval."""
    if "predator_low" not in table:
        return ""
    makes, costs = (", ".join(table["strategy"][table[f"{name}_low"] > 0]) or "no strategy"
                    for name in ("predator", "hunted"))
    return (f" Above 0 beyond the interval is what they make of {makes}, and what they cost "
            f"{costs}.")


def section() -> str:
    """The tables with the sentences that say what was measured."""
    told = measured_leakage()
    settings, middle = told["settings"], told["rows"][0]["share"]
    days = leak_surface(middle, "all")["days"].iloc[0]
    parts = [
        f"`{command(settings)}` ({told['cpu_s'] / 60:.0f} minutes of processor time): "
        f"{settings['names']} names, blocks of {middle:.0%} of the volume expected until their "
        f"deadlines, {settings['train']} training and {days} test days; bps of a block, intervals "
        f"95 % over days. Predators hunt in {', '.join(told['prey']) or 'no name'}, where the "
        f"ordinary spread is at most {settings['most_spread']:g} bps, and what they cost and make "
        f"is of the blocks there.{hunts(leak_surface(middle, 'all'))}", "",
        *whole(leak_surface(middle, "all")), "",
        *by_class(leak_surface(middle))]
    others = sorted({row["share"] for row in told["rows"]} - {middle})
    for share in others:
        table = leak_surface(share, "all")
        parts += ["", f"Blocks of {share:.0%}, {table['days'].iloc[0]} test days:", "",
                  *whole(table.drop(columns="hunted_bps", errors="ignore"))]
    if told["learned"]:
        found = "; ".join(f"{one['weight']:g}: " + ", ".join(
            f"{name} {value:g}" for name, value in one.items() if name != "weight")
            for one in told["learned"])
        parts += ["", f"Learned, by bps for a unit of AUC, the best of {len(told['candidates'])} "
                  f"schedules on {settings['search_days']} days of their own: {found}."]
    return "\n".join(parts)


if __name__ == "__main__":
    write("leakage", section())
