"""The README's tables of forecasts of the mid, made from a stored run.

The run is ``python tests/benchmarks/measure_forecast.py --store``. ``python
tests/benchmarks/forecast_table.py`` writes the tables and their sentences into the README; a test
holds that they are in step.
"""

from readme_parts import write

from lobsim.orderflow_ai.stored_forecast import measured_forecast

CLASSES = ("down", "flat", "up")


def interval(told: list, form: str) -> str:
    """A number with its interval; a dash where there were too few trades."""
    if told[0] is None:
        return "–"
    value, low, high = (f"{number:{form}}" for number in told)
    return f"{value} ({low}, {high})"


def pairs(told: dict) -> list[tuple[dict, dict]]:
    """Logistic regression and the network, for each horizon of what was judged."""
    rows = told["rows"]
    return list(zip(rows[::2], rows[1::2], strict=True))


def scores(told: dict) -> list[str]:
    """Macro F1 by horizon."""
    lines = ["| judged on | rows ahead | takes | logistic | network | network less logistic | "
             f"network, {', '.join(CLASSES)} |", "|---|---|---|---|---|---|---|"]
    for linear, network in pairs(told):
        classes = ", ".join(f"{value:.2f}" for value in network["classes"])
        lines.append(f"| {linear['judged']} | {linear['horizon']} | {linear['seconds']:.1f} s | "
                     f"{interval(linear['f1'], '.3f')} | {interval(network['f1'], '.3f')} | "
                     f"{interval(network['f1_gain'], '+.3f')} | {classes} |")
    return lines


def profits(told: dict) -> list[str]:
    """What trades make by horizon."""
    lines = ["| judged on | rows ahead | trades | the mid moves, logistic | network | after costs, "
             "logistic | network | network less logistic | network, bps |",
             "|---|---|---|---|---|---|---|---|---|"]
    for linear, network in pairs(told):
        lines.append(f"| {linear['judged']} | {linear['horizon']} | {linear['trades']:.0f}, "
                     f"{network['trades']:.0f} | {interval(linear['gross'], '+.1f')} | "
                     f"{interval(network['gross'], '+.1f')} | {interval(linear['net'], '+.1f')} | "
                     f"{interval(network['net'], '+.1f')} | {interval(network['net_gain'], '+.1f')}"
                     f" | {interval(network['net_bps'], '+.1f')} |")
    return lines


def _where(rows: list[dict]) -> str:
    """What was judged and how far ahead, of some rows."""
    return "; ".join(f"{row['judged']} at {row['horizon']}" for row in rows) or "nowhere"


def verdict(told: dict) -> str:
    """Where the network is told apart from logistic regression, and whether anything pays."""
    networks = [network for _, network in pairs(told)]
    better = [row for row in networks if row["f1_gain"][1] > 0]
    worse = [row for row in networks if row["f1_gain"][2] < 0]
    traded = [row for row in told["rows"] if row["net"][0] is not None]
    pays = [row for row in traded if row["net"][1] > 0]
    loses = [row for row in traded if row["net"][2] < 0]
    best = max(traded, key=lambda row: row["gross"][0] / (row["gross"][0] - row["net"][0]))
    share = best["gross"][0] / (best["gross"][0] - best["net"][0])
    paid = (f"Trading on a forecast earns beyond its interval in {len(pays)} of the "
            f"{len(traded)} cases that traded enough to tell, and loses in {len(loses)}.")
    if not pays:
        paid += (f" It does not pay: at best (the {best['model']} model on {best['judged']}, "
                 f"{best['horizon']} rows ahead) the mid moves by {share:.0%} of what it costs to "
                 f"go in and out.")
    return (f"In macro F1 the network is better than logistic regression in {len(better)} of "
            f"{len(networks)} cases beyond the interval ({_where(better)}), and worse in "
            f"{len(worse)} ({_where(worse)}). {paid}")


def settings(told: dict) -> str:
    """What was run, on what."""
    given = told["settings"]
    learn, choose, judge = given["hours"]
    first, second, last = (f"{share:.0%}" for share in given["shares"])
    worlds = "; ".join(f"{world['world']} {world['spread_ticks']:.1f} ticks of "
                       f"{world['bps_of_a_tick']:.2f} bps, {world['levels']} "
                       f"level{'s' if world['levels'] > 1 else ''}" for world in told["worlds"])
    return (f"`python tests/benchmarks/measure_forecast.py --store` ({told['cpu_s'] / 60:.0f} "
            f"minutes of processor time): {given['trainings']} trainings of the network, "
            f"{given['steps']} steps each, windows of {given['length']} rows. LOBM is the market "
            f"behind the bundled LOBSTER pair: {learn} made hours to learn from, {choose} to "
            f"choose by, {judge} to judge by, and the pair itself. GOOG and AMZN are one real "
            f"LOBSTER day each: its first {first} to learn from, {second} to choose by, the last "
            f"{last} to judge by, with an embargo between. Mean spread: {worlds}. Intervals 95 %, "
            f"over blocks of rows and over trainings.")


def section() -> str:
    """The tables with what was measured and what follows from it."""
    told = measured_forecast()
    return "\n".join([
        settings(told), "", "Macro F1 of down, flat and up, where a guess scores about a third:",
        "", *scores(told), "",
        f"What trades make, ticks a share (a dash: too few trades), the spread and a fee of "
        f"{told['settings']['fee_ticks']} ticks paid on the way in and on the way out:", "",
        *profits(told), "", verdict(told)])


if __name__ == "__main__":
    write("forecast", section())
