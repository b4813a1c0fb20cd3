"""The README's table of attribution, made from a stored run.

``python tests/benchmarks/attribution_table.py`` writes it; a test holds that it is in step.
"""

from readme_parts import write

from lobsim.sim_to_real import measured_attribution

__all__ = ["section"]


def section() -> str:
    """The table with a line of what was run."""
    table = measured_attribution()
    lines = [f"`python tests/benchmarks/measure_attribution.py --kept days.csv --store`: a desk in a "
             f"mid-cap, {table.attrs['live_days']} live days a run on known seeds; where seeds are "
             f"not known, {table.attrs['days_unseeded']} days.", "",
             "| planted | ranked first | nothing else found | without seeds, first | by cost alone | "
             "it is seen in |", "|---|---|---|---|---|---|"]
    for gap, row in table.iterrows():
        cost = "" if gap == "none" else f"{row['by_cost']:.0f} of {row['runs']}"
        seen = "" if gap == "none" else ", ".join(
            f"`{one}`" for one in row["seen_in"].split(", ") if one)
        first = "nothing blamed, " if gap == "none" else ""
        lines.append(f"| {gap.replace('_', ' ')} | {first}{row['first']} of {row['runs']} | "
                     f"{row['alone']} | {row['first_unseeded']} of {row['months']} | {cost} | "
                     f"{seen} |")
    return "\n".join(lines)


if __name__ == "__main__":
    write("attribution", section())
