"""The README's table of adaptation, made from a stored run.

The run is ``python tests/benchmarks/measure_adaptation.py --store``. ``python
tests/benchmarks/adaptation_table.py`` writes the table and its sentences into the README; a test
holds that they are in step.
"""

from readme_parts import write

from lobsim.agents.adaptation import SHOCKS, measured_adaptation

AGENTS = "PPO"
DEFAULT_DAYS = 20


def command(settings: dict) -> str:
    """What was run."""
    days = settings["days"]
    changed = f" --days {days}" if days != DEFAULT_DAYS else ""
    return f"python tests/benchmarks/measure_adaptation.py --store{changed}"


def interval(row: dict) -> str:
    """A difference with its interval."""
    return f"{row['difference']:+.2f} ({row['low']:+.2f}, {row['high']:+.2f})"


def picked(rows: list[dict], **wanted) -> list[dict]:
    """Rows with these values."""
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def table(told: dict, column: str = "pace") -> list[str]:
    """A line for each policy, a column for each shock: the change while it lasts."""
    rows = picked(told["rows"], column=column, phase="during")
    lines = [f"| change of the pace | {' | '.join(SHOCKS)} |", "|---|" + "---|" * len(SHOCKS)]
    for policy in dict.fromkeys(row["policy"] for row in rows):
        cells = [interval(picked(rows, policy=policy, shock=shock)[0]) for shock in SHOCKS]
        lines.append(f"| {'**PPO**' if policy == AGENTS else policy} | {' | '.join(cells)} |")
    return lines


def beside(told: dict, column: str, rival: str) -> str:
    """In which shocks the agents change by more or less than a rule does."""
    parts = []
    for shock in SHOCKS:
        row, = picked(told["beside"], column=column, phase="during", rival=rival, shock=shock)
        apart = row["low"] > 0 or row["high"] < 0
        parts.append(f"{shock} {interval(row)}{'' if apart else ', not told apart from it'}")
    return "; ".join(parts)


def decisions(told: dict) -> str:
    """How far the agents' two numbers move while a shock lasts."""
    parts = []
    for shock in SHOCKS:
        shift, price = (picked(told["rows"], column=column, phase="during", policy=AGENTS,
                               shock=shock)[0] for column in ("shift", "price"))
        parts.append(f"{shock} {interval(shift)} and {interval(price)}")
    return "; ".join(parts)


def costs(told: dict) -> str:
    """What a shock costs the agents beside what it costs the rule that waits."""
    return beside(told, "client_bps", "patient")


def verdict(told: dict) -> str:
    """Whether the agents do more about a shock than the rule that decides nothing."""
    rows = [row for row in picked(told["beside"], phase="during", rival="patient")
            if row["column"] in ("pace", "shift", "price")]
    moved = list(dict.fromkeys(row["shock"] for row in rows if row["low"] > 0 or row["high"] < 0))
    if not moved:
        return ("In pace and decisions it is told apart from it in no shock: that PPO adapts does "
                "not show.")
    return f"In pace or decisions it is told apart from it in: {', '.join(moved)}."


def section() -> str:
    """The table with what was measured and what follows from it."""
    told = measured_adaptation()
    settings = told["settings"]
    return "\n".join([
        f"`{command(settings)}` ({told['cpu_s']:.0f} s of processor time): "
        f"{settings['days']} unseen days with and without a shock of eight minutes, PPO of "
        f"{settings['agents']} trainings; percent of a block a minute while it lasts, intervals "
        f"95 % over days and trainings.", "", *table(told), "",
        f"PPO less the rule that waits (`patient`), which decides the same whatever comes: "
        f"{beside(told, 'pace', 'patient')}. {verdict(told)} What PPO decides moves, from -1 to 1, "
        f"by (shift and price): {decisions(told)}. What the shock adds to its cost, less what it adds to the "
        f"waiting rule's, bps of a day's blocks: {costs(told)}."])


if __name__ == "__main__":
    write("adaptation", section())
