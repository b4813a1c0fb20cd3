"""The README's table of what knowing a shock is worth, made from stored runs.

The runs are ``python tests/benchmarks/measure_shock_worth.py --store`` and, shown where it is
stored, ``python tests/benchmarks/measure_shock_training.py --store``. ``python
tests/benchmarks/shock_worth_table.py`` writes the table and its sentences into the README; a test
holds that they are in step.
"""

from adaptation_table import interval, picked
from readme_parts import write

from lobsim.agents.adaptation import measured_worth

KNOWS = "as one that knows"
SCHOOLED = "PPO of shocked days"
COLUMNS = {"shift": "change of its shift", "price": "change of its price",
           "pace": "change of its pace", "client_bps": "change of its cost, bps"}
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


def training(told: dict) -> list[str]:
    """What became of agents that were trained where nearly every name is shocked."""
    part = told["training"]
    shocks = list(dict.fromkeys(row["shock"] for row in part["seen"]))
    best = [max(picked(part["seen"], shock=shock), key=lambda row: abs(row["auc"] - 0.5))
            for shock in shocks]
    lines = [f"| while it lasts | {' | '.join(shocks)} |", "|---|" + "---|" * len(shocks),
             "| column that tells it best, area under the curve | "
             + " | ".join(f"`{row['column']}` {row['auc']:.2f}" for row in best) + " |"]
    own, apart = picked(part["beside"], policy=SCHOOLED), []
    for column, rival in dict.fromkeys((row["column"], row["rival"]) for row in own):
        rows = [picked(own, column=column, rival=rival, shock=shock)[0] for shock in shocks]
        lines.append(f"| {COLUMNS[column]} less that of `{rival}` | "
                     f"{' | '.join(map(interval, rows))} |")
        apart += [f"{COLUMNS[column]} ({row['shock']}, beside `{rival}`)" for row in rows
                  if is_apart(row)]
    ordinary = "; ".join(f"{row['difference']:+.2f} ± {row['half']:.2f} beside `{row['against']}`, "
                         f"{row['verdict']}" for row in part["ordinary"])
    return [f"Does a policy adapt that meets nothing but shocks? `python "
            f"tests/benchmarks/measure_shock_training.py --store` ({part['cpu_s'] / 60:.0f} minutes "
            f"of processor time): PPO of {part['seeds']} trainings of {part['steps']:,} steps on "
            f"days on which nearly every name has a drought or a widening, most of them wider than "
            f"usual ones; {part['days']} unseen days, and how its change differs from that of a "
            f"rule that decides the same whatever comes.", "", *lines, "",
            f"Told apart: {', '.join(apart) or 'nothing'}. On {part['ordinary_days']} ordinary days "
            f"it costs, bps: {ordinary}."]


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
        *(training(told) if "training" in told else [])]).rstrip("\n")


if __name__ == "__main__":
    write("shock-worth", section())
