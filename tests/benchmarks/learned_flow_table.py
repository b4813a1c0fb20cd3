"""The README's tables of learned order flow, made from a stored run.

The run is ``python tests/benchmarks/measure_message_model.py`` with its stages and ``--store``.
``python tests/benchmarks/learned_flow_table.py`` writes the tables and their sentences into the
README; a test holds that they are in step.
"""

from flow_cases import BARE, LEARNED, REAL_STEPS, TRUE
from readme_parts import write

from lobsim.orderflow_ai.flow_measured import measured_flow
from lobsim.orderflow_ai.message_model import ModelShape

COMMAND = "python tests/benchmarks/measure_message_model.py"
WINDOW = ModelShape().window
SHOWN_S = (0.0, 1.0, 30.0)


def interval(low: float, high: float, digits: int = 2) -> str:
    """A 95 % interval in brackets."""
    return f"({low:.{digits}f}, {high:.{digits}f})"


def bold(name: str, marked: str) -> str:
    """The name, bold where it is the one marked."""
    return f"**{name}**" if name == marked else name


def perplexities(rows: list[dict]) -> list[str]:
    """A line for each model, the best first."""
    lines = ["| model | per token | per message | nats a message less than Markov | bits of "
             "time, event, rest |", "|---|---|---|---|---|"]
    for row in sorted(rows, key=lambda one: one["per_token"]):
        less = (f"{row['less_nats']:.3f} {interval(row['low'], row['high'], 3)}"
                if "less_nats" in row else "")
        bits = row["bits"]
        rest = sum(bits.values()) - bits["TIME"] - bits["EVENT"]
        lines.append(f"| {bold(row['model'], 'transformer')} | {row['per_token']:.3f} | "
                     f"{row['per_message']:,.0f} | {less} | {bits['TIME']:.2f}, "
                     f"{bits['EVENT']:.2f}, {rest:.2f} |")
    return lines


def flows(told: dict, size: int) -> list[str]:
    """A line for each flow: its facts, and how its mid answers an order."""
    columns = " | ".join("just after" if at == 0 else f"{at:.0f} s" for at in SHOWN_S)
    lines = [f"| flow | facts in real regions | away from held-out days | {columns} |",
             "|---|---|---|" + "---|" * len(SHOWN_S)]
    flows = told["facts"]["flows"]
    for name in sorted(flows, key=lambda name: not name.startswith(TRUE)):
        facts = flows[name]
        cells = [""] * len(SHOWN_S)
        for row in told["response"]:
            if (row["flow"], row["size"]) == (name, size):
                cells = [f"{row['mean'][k]:.2f} {interval(row['low'][k], row['high'][k])}"
                         for k in map(row["horizon_s"].index, SHOWN_S)]
        away = "" if name == TRUE else f"{facts['away']:.1f}"
        lines.append(f"| {bold(name, LEARNED)} | {facts['inside']} of {facts['judged']} | {away} "
                     f"| {' | '.join(cells)} |")
    return lines


def best_at(rows: list[dict]) -> str:
    """Which model foretells each kind of token best."""
    best = {}
    for field in rows[0]["bits"]:
        name = min(rows, key=lambda row: row["bits"][field])["model"]
        best.setdefault(name, []).append(field)
    return "; ".join(f"{name} {', '.join(fields)}" for name, fields in best.items())


def farthest(facts: dict) -> str:
    """Facts in which the learned flow is farthest from held-out days."""
    learned, held = (facts["flows"][name] for name in (LEARNED, TRUE))
    return "; ".join(f"`{fact}` {learned['rows'][fact][0]:.2g} ({held['rows'][fact][0]:.2g})"
                     for fact in learned["far"])


def told_apart(rows: list[dict]) -> str:
    """Where the learned flow's answer to an order is surely not that of held-out days."""
    def of(flow):
        return {(row["size"], at): (row["mean"][k], row["low"][k], row["high"][k])
                for row in rows if row["flow"] == flow for k, at in enumerate(row["horizon_s"])}

    learned, held = of(LEARNED), of(TRUE)
    found = []
    for key, (mean, low, high) in learned.items():
        true, true_low, true_high = held[key]
        if high < true_low or low > true_high:
            found.append(f"{key[0]} shares after {key[1]:.0f} s, {mean:.2f} and not {true:.2f}")
    return "; ".join(found) or "nowhere"


def bare(rows: list[dict], size: int) -> str:
    """The answer of the true market without its rule for own orders."""
    row, = [one for one in rows if (one["flow"], one["size"]) == (BARE, size)]
    return ", ".join(f"{row['mean'][k]:.2f} {interval(row['low'][k], row['high'][k])} after "
                     f"{at:.0f} s" for k, at in enumerate(row["horizon_s"]) if at in SHOWN_S[1:])


def of_real(rows: list[dict] | None) -> str:
    """What was measured on a real day, if it was."""
    if not rows:
        return ""
    told = ", ".join(f"{row['model']} {row['per_token']:.3f}"
                     for row in sorted(rows, key=lambda row: row["per_token"]))
    return (f" Trained on the first 70 % of one real day (LOBSTER's sample of GOOG, 21 June 2012; "
            f"not in this package) for {REAL_STEPS:,} steps and judged on {rows[0]['messages']:,} "
            f"messages of its last 20 % that are on the tape, per token: {told}.")


def section() -> str:
    """The tables with what was measured."""
    told = measured_flow()
    cost, speed, facts = told["training"], told["speed"], told["facts"]
    size = 500
    sizes = sorted({row["size"] for row in told["response"]})
    return "\n".join([
        f"`{COMMAND} train --store` trains the shipped model, {cost['parameters']:,} weights in "
        f"{cost['bytes'] / 1e6:.1f} MB, on {cost['days']} half hours of `MIDCAP` "
        f"({cost['tokens'] / 1e6:.1f} million tokens, {cost['steps']:,} steps) in "
        f"{cost['cpu_min']:.0f} minutes of one core. It says {speed['tokens_per_s']:,.0f} tokens "
        f"or {speed['messages_per_s']:,.0f} messages a second; as a `Market`, "
        f"{speed['market_messages_per_s']:,.0f} messages.", "",
        f"`{COMMAND} perplexity --store`: held-out days, other seeds of the same simulated "
        f"market, which is itself none of the models. Poisson, Hawkes and queue-reactive flow have "
        f"their own exact likelihood for time and event and borrow the Markov table's for the "
        f"rest; intervals 95 % over days.", "", *perplexities(told["perplexity"]), "",
        f"`{COMMAND} facts response --store`: {facts['markets']} markets of "
        f"{facts['seconds'] / 60:.0f} minutes a flow; *away* is the median over facts of the "
        f"distance to the mean of held-out days, in standard deviations between days. The last "
        f"columns are ticks by which the mid moves after a market order of {size} shares (half of "
        f"a buy less a sell in twin markets, intervals 95 %; stored for "
        f"{', '.join(map(str, sizes))}).", "", *flows(told, size), "",
        f"Held-out days are the truth here, not the real regions: the profile misses some of "
        f"these, too. Best at each kind of token: {best_at(told['perplexity'])}. The learned flow "
        f"is farthest from held-out days in (theirs in brackets): {farthest(facts)}. Its layers "
        f"look back {WINDOW} tokens each, half a second of this market, so it cannot know of long "
        f"meta-orders. Its answer to an order is told apart from that of held-out days in: "
        f"{told_apart(told['response'])}. The profile answers an own order by a rule of its own "
        f"(`Impact`), of which days without own orders hold no case, so no model of their flow can "
        f"learn it. Without that rule the true market's mid stands, for {size} shares, at "
        f"{bare(told['response'], size)}: its makers, who know a hidden price, fill the hole at "
        f"once; a flow that knows messages alone leaves it open." + of_real(told.get("real"))])


if __name__ == "__main__":
    write("learned flow", section())
