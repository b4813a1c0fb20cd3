"""The planner's plans: for each kind of question its words, its calls and its sentences."""

from __future__ import annotations

from typing import Any

from lobsim.orderflow_ai.desk import DeskError
from lobsim.orderflow_ai.session import Intent, Session

Slots = dict[str, Any]
_CONDITIONS = {"half_spread_bps": ("the half-spread", ".2f", "bps"),
               "volatility_bps": ("the volatility over an order", ".1f", "bps"),
               "participation": ("participation", ".1%", ""),
               "delay_s": ("the delay before arrival", ".1f", "s")}

_NEAR_NOTHING = 20.0  # a ratio of shortfalls beyond this comes from a base of about nothing


def _chosen(slot: Slots, *names: str) -> dict[str, Any]:
    """The period and those of the named slots that the question fills."""
    return slot["period"] | {name: slot[name] for name in names if name in slot}


def _span(first: str, last: str) -> str:
    """A period in words, at the start of a sentence."""
    return f"On {first}" if first == last else f"From {first} to {last}"


def _why(s: Session, slot: Slots) -> None:
    days = s.desk.days
    period = slot["period"] or {"first_day": days[-1], "last_day": days[-1]}
    base = slot["base"]
    if not base:
        before = [day for day in days if day < period["first_day"]]
        if not before:
            raise DeskError("there is no day before the period to compare it with")
        if period["first_day"] != period["last_day"]:  # a week is compared with the week before
            before = before[-len(s.desk.period(period["first_day"], period["last_day"])):]
        base = {"base_first_day": before[0], "base_last_day": before[-1]}
    both = {**base, **period}
    r = s.call("compare_periods", **both)
    ratio = r.values["ratio"].value if "ratio" in r.values else None
    if "doubl" in slot["text"] and (ratio is None or not 1.75 <= ratio <= 2.5):
        s.answer.append("It did more than that." if ratio and ratio > 2.5 else "It did not.")
    s.say(f"{_span(*r.labels[:2])} the shortfall was {{base_bps:.2f}} bps of the decision notional "
          "over {base_orders} orders", r)
    s.say(f"{_span(*r.labels[2:])} it was {{now_bps:.2f}} bps over {{orders}} orders, a change of "
          "{change_bps:+.2f} bps with an interval from {change_low_bps:+.2f} to "
          "{change_high_bps:+.2f} bps", r)
    if ratio is not None and ratio > _NEAR_NOTHING:
        s.answer.append("That of before was so near nothing that a ratio says little.")
    else:
        s.say("That is {ratio:.2f} times the shortfall of before", r)
    if r["change_low_bps"] <= 0 <= r["change_high_bps"]:
        s.answer.append("The change may be chance.")
    parts = ("delay", "trading", "opportunity", "fees")
    most = max(parts, key=lambda part: abs(r[f"{part}_change_bps"]))
    s.say("The part that changed most is {most}", r, most=most)
    s.say("By part the change is {delay_change_bps:+.2f} bps of delay, {trading_change_bps:+.2f} "
          "bps of trading, {opportunity_change_bps:+.2f} bps of opportunity and "
          "{fees_change_bps:+.2f} bps of fees", r)
    s.say("The mean order went from {base_mean_notional:,.0f} $ to {mean_notional:,.0f} $", r)
    e = s.try_call("explain_change", **both)
    if e is not None:
        _conditions(s, e)
    _against_the_tape(s, s.try_call("benchmarks", **period))
    w = s.try_call("worst_orders", **period)
    _worst(s, w)


def _against_the_tape(s: Session, b) -> None:
    """Whether the period's fills were bad, or the price had moved for everybody."""
    if b is None:
        return
    s.say("Measured against the market's VWAP while they were worked the fills cost "
          "{vwap_bps:+.2f} bps, against the arrival mid {arrival_bps:+.2f} bps", b)
    worse, vwap = b.values.get("arrival_low_bps"), b.values.get("vwap_low_bps")
    if worse and vwap and worse.value > 0 >= vwap.value:
        s.answer.append("So the price moved while they were worked, and the market paid it, too: "
                        "by their own impact or by others', which these data cannot tell apart.")


def _conditions(s: Session, e) -> None:
    for name, (words, form, unit) in _CONDITIONS.items():
        space = f" {unit}" if unit else ""
        due = (f"worth {{due_to_{name}:+.2f}} bps by the earlier orders, with a standard error "
               f"of {{due_to_{name}_error:.2f}} bps")
        verdict = ""
        if abs(e[f"due_to_{name}"]) <= 2 * e[f"due_to_{name}_error"]:
            verdict = ", which may be chance"
        elif e[f"due_to_{name}"] * (e[f"now_{name}"] - e[f"base_{name}"]) < 0:
            verdict = "; a price below nothing stands for something else that moved with it"
        s.say(f"{words[0].upper()}{words[1:]} went from {{base_{name}:{form}}}{space} to "
              f"{{now_{name}:{form}}}{space}: {due}{verdict}", e)
    s.say("Together these conditions explain {explained_bps:+.2f} bps, and {unexplained_bps:+.2f} "
          "bps remain unexplained", e)


def _worst(s: Session, w) -> None:
    if w is None:
        return
    for n in range(1, 4):
        if f"order_{n}" not in w.values:
            break
        rank = ("The dearest order is", "The next is", "Then comes")[n - 1]
        order, day = w.labels[2 * n - 2:2 * n]
        s.say(f"{rank} {order} of {day} with {{order_{n}:,.0f}} $, {{order_{n}_bps:.1f}} bps, "
              f"at a participation of {{order_{n}_participation:.1%}}", w)


def _cost(s: Session, slot: Slots) -> None:
    r = s.call("shortfall", **_chosen(slot, "side"))
    s.say(f"{_span(*r.labels)} {{orders}} orders cost {{total:,.0f}} $, {{total_bps:.2f}} bps "
          "of the decision notional, with an interval from "
          "{total_low_bps:.2f} to {total_high_bps:.2f} bps", r)
    s.say("It splits into {delay_bps:.2f} bps of delay, {trading_bps:.2f} bps of trading, "
          "{opportunity_bps:.2f} bps of opportunity and {fees_bps:.2f} bps of fees", r)
    s.say("Of what was ordered {fill_rate:.1%} was filled", r)
    s.say("While they were worked the orders were {participation:.1%} of the market's volume", r)
    _worst(s, s.call("worst_orders", **_chosen(slot, "side")))


def _one_order(s: Session, slot: Slots) -> None:
    period = slot["period"]
    day = period["first_day"] if period and period["first_day"] == period["last_day"] else None
    r = s.call("one_order", order_id=slot["order"], **({"day": day} if day else {}))
    s.say(f"Order {r.labels[0]} of {r.labels[1]} cost {{total:,.0f}} $, {{total_bps:.2f}} bps of "
          "its decision notional of {notional:,.0f} $", r)
    s.say("Of the other orders {cheaper_share:.0%} cost less in bps", r)
    s.say("It splits into {delay_bps:.2f} bps of delay, {trading_bps:.2f} bps of trading, "
          "{opportunity_bps:.2f} bps of opportunity and {fees_bps:.2f} bps of fees; "
          "{fill_rate:.1%} was filled", r)
    s.say("Measured against the market's VWAP while it was worked its fills cost {vwap_bps:+.2f} "
          "bps, against the time-weighted mid {twap_bps:+.2f} bps", r)
    for name, (words, form, unit) in _CONDITIONS.items():
        space = f" {unit}" if unit else ""
        s.say(f"{words[0].upper()}{words[1:]} was {{{name}:{form}}}{space}, in the median of the "
              f"others {{others_{name}:{form}}}{space}", r)
    s.answer.append("What stands beside the cost does not prove its cause: a single order is a "
                    "throw of the dice.")


def _by_day(s: Session, slot: Slots) -> None:
    r = s.call("cost_by_day", **_chosen(slot, "side"))
    s.say(f"The dearest day was {r.labels[2]} with {{dearest_bps:.2f}} bps of the decision "
          f"notional, the cheapest {r.labels[3]} with {{cheapest_bps:.2f}} bps", r)
    s.say("In the median of {days} days it was {median_bps:.2f} bps", r)
    s.say("A line through the days changes by {slope_bps:+.2f} bps a day, with an interval from "
          "{slope_low_bps:+.2f} to {slope_high_bps:+.2f} bps", r)
    low, high = r.values.get("slope_low_bps"), r.values.get("slope_high_bps")
    if low and high:
        s.answer.append("It is getting worse." if low.value > 0 else "It is getting better."
                        if high.value < 0 else "A trend is not shown: it may be chance.")


def _benchmarks(s: Session, slot: Slots) -> None:
    r = s.call("benchmarks", **_chosen(slot, "side"))
    for name, words in (("vwap", "the market's VWAP"), ("twap", "the time-weighted mid"),
                        ("arrival", "the arrival mid")):
        low, high = r.values.get(f"{name}_low_bps"), r.values.get(f"{name}_high_bps")
        if low is None or high is None:
            continue
        verdict = "worse than" if low.value > 0 else "better than" if high.value < 0 else \
            "as good, within chance, as"
        s.say(f"Fills were {verdict} {words}: {{{name}_bps:+.2f}} bps, from "
              f"{{{name}_low_bps:+.2f}} to {{{name}_high_bps:+.2f}} bps over {{orders}} orders", r)


def _spreads(s: Session, slot: Slots) -> None:
    r = s.call("spreads", **_chosen(slot, "horizon_s"))
    s.say("The quoted spread is {quoted_bps:.2f} bps, weighted by time", r)
    s.say("Trades pay an effective spread of {effective_bps:.2f} bps over {trades:,} trades", r)
    s.say("Of that the makers keep {realised_bps:+.2f} bps, and {impact_bps:+.2f} bps go to the "
          f"move of the mid within {r.arguments['horizon_s']:g} s", r)


def _impact(s: Session, slot: Slots) -> None:
    r = s.call("impact_curve", **_chosen(slot, "horizon_s"))
    for n in range(1, int(r["groups"]) + 1):
        s.say(f"Trades of {{size_{n}:.0f}} shares on average move the mid by {{move_{n}_bps:+.2f}} "
              f"bps in their direction, give or take {{move_{n}_reach_bps:.2f}} bps", r)
    s.say("The response grows with the size to the power {exponent:.2f}", r)


def _volume(s: Session, slot: Slots) -> None:
    r = s.call("volume_curve", **slot["period"])
    s.say("On average {volume_per_day:,.0f} shares trade in the hours of a day that the data hold, "
          "over {days} days", r)
    s.say(f"Of bins of {r.arguments['minutes']} minutes the busiest begins at {r.labels[0]} with "
          f"{{busiest_share:.1%}} of the volume, the quietest at {r.labels[1]} with "
          "{quietest_share:.1%}", r)


def _signal(s: Session, slot: Slots) -> None:
    r = s.call("signal_worth", **_chosen(slot, "signal", "horizon_s"))
    low, high = r.values.get("net_low_bps"), r.values.get("net_high_bps")
    if low and high:
        s.answer.append("Yes, after costs, in these data." if low.value > 0 else
                        "No: it loses after costs." if high.value < 0 else
                        "Perhaps not: after costs it may be chance.")
    s.say(f"On days it was not fitted to ({r.labels[2]} to {r.labels[3]}) the signal explains "
          "{r2:.2%} of the variance of the mid move, and has its sign in {hit_rate:.1%} of the "
          "moves, from {hit_rate_low:.1%} to {hit_rate_high:.1%}", r)
    s.say("Its strongest places, {trades} trades, gain {gross_bps:+.2f} bps before and pay "
          "{cost_bps:.2f} bps of spread and fees", r)
    s.say("The net is {net_bps:+.2f} bps a trade, from {net_low_bps:+.2f} to {net_high_bps:+.2f} "
          "bps over {test_days} test days", r)


def _fills(s: Session, slot: Slots) -> None:
    r = s.call("fill_statistics", **slot["period"])
    s.say("Of {posts} resting orders {fully_filled_share:.1%} were filled in full and "
          "{untouched_share:.1%} not at all; by size {filled_share:.1%} was filled", r)
    s.say("Those filled in full waited {median_time_to_fill_s:.1f} s in the median", r)
    s.say("In the median {median_queue_ahead:.0f} shares stood ahead of them", r)
    s.say("With the shortest queues {filled_share_short_queue:.1%} was filled, with the longest "
          "{filled_share_long_queue:.1%}", r)
    s.say("Of all that was filled {maker_share:.1%} had rested", r)


def _toxicity(s: Session, slot: Slots) -> None:
    which = "taker" if "taker" in slot["text"] or "aggress" in slot["text"] else "maker"
    r = s.call("toxicity", which=which, **_chosen(slot, "horizon_s"))
    s.say(f"At once {{fills}} {which} fills stood at {{at_once_bps:+.2f}} bps against the mid", r)
    for name in ("middle", "end"):
        s.say(f"After {{{name}_s:.0f}} s they stood at {{{name}_bps:+.2f}} bps, from "
              f"{{{name}_low_bps:+.2f}} to {{{name}_high_bps:+.2f}} bps", r)
    low, high = r.values.get("end_low_bps"), r.values.get("end_high_bps")
    if low and high:
        s.answer.append("They are toxic: the price goes against them by more than they gained."
                        if high.value < 0 else "They are not toxic over this horizon."
                        if low.value > 0 else
                        "Whether they gain or lose over this horizon is not clear.")


def _leak(s: Session, slot: Slots) -> None:
    r = s.call("price_around_orders", **slot["period"])
    for name, words in (("before", "In the window before the decision"),
                        ("waiting", "Between decision and arrival"),
                        ("during", "While the order was worked"), ("after", "In the window after")):
        s.say(f"{words} the mid moved by {{{name}_bps:+.2f}} bps in the order's direction, from "
              f"{{{name}_low_bps:+.2f}} to {{{name}_high_bps:+.2f}} bps over {{orders}} orders", r)
    s.answer.append("A drift before the market has seen the order would point to a leak, or to "
                    "what the decision itself reacted to; these data cannot tell the two apart.")


def _quality(s: Session, slot: Slots) -> None:
    r = s.call("data_quality", **slot["period"])
    s.say("The data hold {days} days with {orders} orders, {children} child orders, {fills} fills, "
          "{quotes:,} quotes and {trades:,} prints", r)
    s.say("Found wrong: {fills_without_order} fills without an order, {overfilled_orders} orders "
          "filled beyond their size, {fills_outside_quotes} fills outside the quotes", r)
    s.say("There are {one_sided_quotes} quotes with an empty side and {locked_quotes} locked ones; "
          "the longest silence lasts {longest_silence_s:.1f} s", r)


INTENTS = (
    Intent("why", {r"\bwhy\b|explain|reason|cause": 1.5,
                   r"shortfall|cost|slippage|expensive|dear": 1.5,
                   r"doubl|tripl|\b(?:rose|risen|rise|fell|fall|fallen|than|versus|vs)\b|increas|"
                   r"jump|worse|higher|chang|went up|lower|cheaper|better|dearer|compare": 2},
           _why, must=r"shortfall|cost|slippage|expensive|worse|better|dear|cheaper|compare"),
    Intent("by day", {r"\bwhich day|(?:day by|by|per|each|every) day|daily|getting (?:worse|better|"
                      r"dearer|cheaper|more expensive)|trend|over time": 4,
                      r"shortfall|costs?\b|slippage|expensive|dear": 1}, _by_day,
           must=r"shortfall|cost|slippage|expensive|dear|cheap|getting"),
    Intent("signal", {r"imbalance|signal|\bofi\b|\bobi\b|order[- ]flow": 3.5,
                      r"worth|trad|pay|edge": 1}, _signal,
           must=r"imbalance|signal|\bofi\b|\bobi\b|order[- ]flow"),
    Intent("benchmarks", {r"\bvwap\b|\btwap\b|benchmark|arrival": 4, r"beat|against": 1},
           _benchmarks),
    Intent("toxicity", {r"toxic|mark-?outs?|adverse|picked off|run over": 4, r"fills?\b": 0.5},
           _toxicity),
    Intent("leak", {r"leak|front-?run|footprint|ahead of (?:us|our)|before we|give (?:us|it) away":
                    4, r"information": 1,
                    r"after our (?:trades|orders)|revert|price around": 4}, _leak),
    Intent("fills", {r"queue|fill rate|time to fill": 3, r"how long|wait|how many|how much": 1.5,
                     r"passive|resting|rest\b|fill": 1.5}, _fills),
    Intent("impact", {r"impact|move the (?:market|price|mid)": 3.5, r"size|curve|grow": 0.5},
           _impact),
    Intent("spreads", {r"spreads?\b": 3.5, r"quoted|effective|realised|realized": 2}, _spreads),
    Intent("volume", {r"volume|busiest|liquidity|liquid\b": 3, r"when|curve|time of day": 1},
           _volume),
    Intent("quality", {r"\bdata\b": 1.5, r"trust|quality|missing|clean|wrong|complete": 2},
           _quality),
    Intent("cost", {r"shortfall|costs?\b|slippage|expensive|dear": 2, r"worst|which orders": 2,
                    r"\bpa(?:y|id)\b|\bfees?\b|commission": 2,
                    r"how (?:well )?did we do|executions?\b|perform": 2,
                    r"participation|(?:fraction|share|part) of (?:the )?(?:market'?s? )?volume": 4},
           _cost),
)
ONE_ORDER = Intent("one order", {}, _one_order)
