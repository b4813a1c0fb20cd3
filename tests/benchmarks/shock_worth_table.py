"""The README's table of what knowing a shock is worth, made from stored runs.

The runs are ``python tests/benchmarks/measure_shock_worth.py --store`` and then ``python
tests/benchmarks/measure_shock_training.py --store``. ``python
tests/benchmarks/shock_worth_table.py`` writes the table and its sentences into the README; a test
holds that they are in step.
"""

from adaptation_table import interval, picked
from readme_parts import write

from lobsim.agents.adaptation import measured_worth

KNOWS = "as one that knows"
OTHERS = ("sooner", "later", "at the own best", "at the mid")


def is_apart(row: dict) -> bool:
    """Whether the interval leaves out 0."""
    return row["low"] > 0 or row["high"] < 0


def decision(pair) -> str:
    """A shift and a price."""
    return f"({pair[0]:+.1f}, {pair[1]:+.1f})"


def table(told: dict) -> list[str]:
    """A line for each scene, a column for each decision: what it costs less the blind one."""
    lines = [f"| costs less the blind one's, bps | blind | {KNOWS} | {' | '.join(OTHERS)} |",
             "|---|---|---|" + "---|" * len(OTHERS)]
    for name, scene in told["scenes"].items():
        own = {row["rule"]: row for row in picked(told["rows"], scene=name)}
        knows = f"{decision(scene['knows'])} {interval(own[KNOWS])}"
        if scene["knows"] == scene["blind"]:
            knows = "the same decision"
        cells = [interval(own[rule]) for rule in OTHERS]
        lines.append(f"| {name} | {decision(scene['blind'])} {scene['cost']:.2f} | {knows} | "
                     f"{' | '.join(cells)} |")
    return lines


def verdict(told: dict) -> str:
    """Where knowing of the shock gains anything on unseen days."""
    rows = picked(told["rows"], rule=KNOWS)
    gains = [row["scene"] for row in rows if row["high"] < 0]
    losses = [row["scene"] for row in rows if row["low"] > 0]
    same = [name for name, scene in told["scenes"].items() if scene["knows"] == scene["blind"]]
    parts = []
    if same:
        parts.append(f"The search found the same decision with the shock as without in: "
                     f"{', '.join(same)}.")
    if gains:
        parts.append(f"Knowing of the shock gains in: {', '.join(gains)}.")
    else:
        parts.append("In no scene does the rule that knows of the shock gain anything that these "
                     "days can show.")
    if losses:
        parts.append(f"It loses in: {', '.join(losses)}: what looked better on learning days "
                     f"was luck.")
    return " ".join(parts)


def training(told: dict) -> str:
    """What became of agents that were trained where nearly every name is shocked."""
    part = told["training"]
    best = {shock: max(picked(part["seen"], shock=shock), key=lambda row: abs(row["auc"] - 0.5))
            for shock in dict.fromkeys(row["shock"] for row in part["seen"])}
    seen = "; ".join(f"{shock} {row['auc']:.2f} by `{row['column']}`"
                     for shock, row in best.items())
    moves = "; ".join(
        f"{shock} " + ", ".join(f"{column} {interval(row)}" for column in (
            "shift", "price", "pace", "client_bps")
            for row in picked(part["beside"], shock=shock, column=column)) for shock in best)
    apart = [f"{row['column']} in a {row['shock']}" for row in part["beside"] if is_apart(row)]
    ordinary = "; ".join(f"{row['difference']:+.2f} ± {row['half']:.2f} beside `{row['against']}`, "
                         f"{row['verdict']}" for row in part["ordinary"])
    return (f"Do agents see a shock, and do they meet enough of them? Area under the curve of the "
            f"column that tells a shocked minute best: {seen}. PPO of {part['seeds']} trainings on "
            f"days on which nearly every name is shocked, and more heavily (`python "
            f"tests/benchmarks/measure_shock_training.py --store`, {part['cpu_s'] / 60:.0f} "
            f"minutes of processor time), on {part['days']} unseen days, while the shock lasts, "
            f"less `patient`: {moves}. Told apart from it: {', '.join(apart) or 'nothing'}. On "
            f"{part['ordinary_days']} ordinary days it costs {ordinary}.")


def section() -> str:
    """The table with what was measured and what follows from it."""
    told = measured_worth()
    scenes = told["scenes"].values()
    learning, unseen = ({one[name] for one in scenes} for name in ("learning", "days"))
    return "\n".join([
        f"`python tests/benchmarks/measure_shock_worth.py --store` ({told['cpu_s'] / 60:.0f} "
        f"minutes of processor time): {told['settings']['decisions']} decisions searched on "
        f"{min(learning)} to {max(learning)} learning days, {min(unseen)} to {max(unseen)} unseen "
        f"days with the shock, bps of a client's block, paired by day, 95 %; less is better. A "
        f"decision is (shift, price), each from -1 to 1.", "", *table(told), "", verdict(told), "",
        training(told)])


if __name__ == "__main__":
    write("shock-worth", section())
