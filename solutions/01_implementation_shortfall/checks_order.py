"""Exercises 5 to 8 of lesson 01: the order (shortfall, slices, find the bug, paired days)."""

import numpy as np
import pandas as pd
from scipy import stats

from lobsim import analytics, strategies
from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(
    rtol=1e-9, atol=1e-9, why="plain arithmetic on prices: only the order of summing may differ"
)
WHOLE = Tolerance(rtol=0.0, atol=0.0, why="signs, shares and yes/no answers are exact")

# --------------------------------------------------------------------------- 5 shortfall


def reference_shortfall(
    side, quantity, prices, sizes, decision_price, arrival_price, end_price, fees
):
    """Perold's shortfall in dollars and its four parts, which add up exactly."""
    cost = analytics.implementation_shortfall(
        side, quantity, prices, sizes, decision_price=decision_price,
        arrival_price=arrival_price, end_price=end_price, fees=fees,
    )
    names = ("delay", "trading", "opportunity", "fees", "total")
    return {name: float(getattr(cost, name)) for name in names}


def _order(side, quantity, prices, sizes, decision, arrival, end, fees):
    return {
        "side": side, "quantity": quantity, "prices": np.array(prices, dtype=float),
        "sizes": np.array(sizes, dtype=np.int64), "decision_price": decision,
        "arrival_price": arrival, "end_price": end, "fees": fees,
    }


HAND_ORDER = _order(-1, 1000, [99.95, 99.90], [600, 200], 100.00, 99.98, 99.80, 2.40)
BUY_ORDER = _order(1, 500, [20.03, 20.05, 20.04], [200, 100, 200], 20.00, 20.02, 20.10, 1.50)
NO_FILL = _order(1, 300, [], [], 55.00, 55.10, 56.25, 0.0)
LUCKY_SELL = _order(-1, 200, [31.40, 31.55], [100, 100], 31.00, 31.25, 31.60, -0.30)


def _without_fees(**order):
    parts = reference_shortfall(**order)
    return parts | {"fees": 0.0, "total": parts["total"] - parts["fees"]}


def _total_without_fees(**order):
    parts = reference_shortfall(**order)
    return parts | {"total": parts["total"] - parts["fees"]}


def _changed(**changes):
    """Shortfall of the same order with some inputs computed wrongly."""
    return lambda **order: reference_shortfall(
        **(order | {name: change(order) for name, change in changes.items()})
    )


def _parts(recipe):
    """Shortfall where `recipe(order, filled, right)` replaces some of the parts."""

    def wrong(**order):
        right = reference_shortfall(**order)
        parts = right | recipe(order, float(np.sum(order["sizes"])), right)
        names = ("delay", "trading", "opportunity", "fees")
        return parts | {"total": sum(parts[name] for name in names)}

    return wrong


def _opportunity_on_all(order, filled, right):
    move = order["end_price"] - order["decision_price"]
    return {"opportunity": order["side"] * order["quantity"] * move}


def _opportunity_on_filled(order, filled, right):
    move = order["end_price"] - order["decision_price"]
    return {"opportunity": order["side"] * filled * move}


def _trading_from_decision(order, filled, right):
    return {"trading": right["delay"] + right["trading"]}


def _delay_on_all(order, filled, right):
    late = order["side"] * order["quantity"] * (order["arrival_price"] - order["decision_price"])
    left = order["side"] * (order["quantity"] - filled)
    return {"delay": late, "opportunity": left * (order["end_price"] - order["arrival_price"])}


def _gain_positive(order, filled, right):
    return {name: -right[name] for name in ("delay", "trading", "opportunity")}


def _plain_mean(order, filled, right):
    mean = float(np.mean(order["prices"])) if len(order["prices"]) else 0.0
    return {"trading": order["side"] * filled * (mean - order["arrival_price"])}


def random_orders(rng):
    """Two buys and two sells, finished and unfinished."""
    cases = []
    for side, finished in ((1, True), (-1, True), (1, False), (-1, False)):
        n = int(rng.integers(2, 7))
        decision = round(float(rng.uniform(20, 300)), 2)
        sizes = rng.integers(1, 500, n)
        quantity = int(sizes.sum()) + (0 if finished else int(rng.integers(1, 900)))
        prices = decision + rng.integers(-30, 31, n) / 100
        near, far = rng.integers(1, 21), rng.integers(21, 41)  # three different mids
        arrival = round(decision + int(near * rng.choice([-1, 1])) / 100, 2)
        end = round(decision + int(far * rng.choice([-1, 1])) / 100, 2)
        fees = round(float(rng.uniform(0.1, 9)), 2)
        cases.append(Case(_order(side, quantity, prices, sizes, decision, arrival, end, fees)))
    return cases


SHORTFALL = Check(
    name="shortfall",
    title="Implementation shortfall and its four parts",
    kind="function",
    reference=reference_shortfall,
    tolerance=Tolerance(
        rtol=1e-9, atol=1e-6, why="dollars: the order of summing may move the last digits"
    ),
    reread='"What did it cost?": equations 6 to 8 and the worked order',
    parts=[
        Part("the worked sell order", 1.0,
             [Case(HAND_ORDER, "the order above: sell 1,000, 800 done")], True,
             category="worked example"),
        Part("a finished buy", 1.0, [Case(BUY_ORDER, "buy 500, all done")], True,
             category="buys"),
        Part("orders of your own", 2.0, random_orders, False, category="buys, sells, unfinished",
             partial=True),
        Part("nothing filled, a lucky order with a rebate", 1.0,
             [Case(NO_FILL), Case(LUCKY_SELL)], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("sign_of_a_buy", _changed(side=lambda order: 1),
                "your shortfall has the sign of a buy; this order is a sell, and a lower price "
                "costs it money"),
        Mistake("gain_positive", _parts(_gain_positive),
                "your signs say profit; shortfall is a cost, positive when the order did worse "
                "than the paper trade"),
        Mistake("forgot_fees", _without_fees, "the fees are missing"),
        Mistake("fees_not_in_total", _total_without_fees,
                "you report the fees but leave them out of the total"),
        Mistake("fees_subtracted", _changed(fees=lambda order: -order["fees"]),
                "fees are a cost, so they add"),
        Mistake("opportunity_on_all", _parts(_opportunity_on_all),
                "you charge opportunity cost on the whole order; only the shares that were not "
                "filled missed the move"),
        Mistake("opportunity_on_filled", _parts(_opportunity_on_filled),
                "you charge opportunity cost on the filled shares; it belongs to the shares that "
                "were not filled"),
        Mistake("trading_from_decision", _parts(_trading_from_decision),
                "your trading cost is measured from the decision price and holds the delay once "
                "more; measure it from the arrival price"),
        Mistake("delay_on_all", _parts(_delay_on_all),
                "you charge delay on all shares and opportunity from the arrival price: the total "
                "is right, but equation 7 charges delay on the filled shares only"),
        Mistake("plain_mean", _parts(_plain_mean),
                "you average the fill prices without their sizes; weight each price by its shares"),
    ],
)

# --------------------------------------------------------------------------- 6 slices


def half_even(quantity, weights):
    """The same with an exact half rounded to the even number: as good."""
    exact = quantity * np.cumsum(weights) / np.sum(weights)
    return np.diff(np.rint(np.round(exact, 9)), prepend=0.0).astype(np.int64)


def _remainder_last(quantity, weights):
    sizes = np.floor(np.round(quantity * np.asarray(weights) / np.sum(weights), 9)).astype(int)
    sizes[-1] += quantity - sizes.sum()
    return sizes


def _round_each(quantity, weights):
    return np.rint(quantity * np.asarray(weights) / np.sum(weights)).astype(int)


def random_curves(rng):
    """Four curves of many slices, for small and large orders."""
    return [
        Case({"quantity": int(rng.integers(50, 20_000)), "weights": rng.uniform(0.2, 2.0, n)})
        for n in (24, 60, 120, 240)
    ]


SLICES = Check(
    name="slices",
    title="A schedule in whole shares",
    kind="function",
    reference=strategies.allocate,
    accept=(half_even,),
    tolerance=WHOLE,
    reread='"Cutting the order": the running total of seven shares in three slices',
    parts=[
        Part("seven shares in three slices", 1.0,
             [Case({"quantity": 7, "weights": np.array([1.0, 1.0, 1.0])}, "the example above")],
             True, category="worked example"),
        Part("a U-shaped curve", 1.0,
             [Case({"quantity": 1000, "weights": np.array([5.0, 2.0, 1.0, 1.0, 2.0, 4.0])},
                   "weights that do not sum to one")], True, category="other numbers"),
        Part("curves of your own", 1.0, random_curves, False, category="other numbers",
             partial=True),
        Part("one slice, few shares, an empty slice, a four-hour TWAP", 1.0,
             [Case({"quantity": 9, "weights": np.array([0.3])}),
              Case({"quantity": 3, "weights": np.full(8, 0.1)}),
              Case({"quantity": 11, "weights": np.array([0.0, 2.0, 0.0, 1.0])}),
              Case({"quantity": 10_000, "weights": np.ones(239)})],
             False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("rounds_each_slice", _round_each,
                "you round each slice on its own, so the slices need not add up to the order; "
                "round the running total and take differences"),
        Mistake("drops_the_rest",
                lambda quantity, weights: np.floor(
                    np.round(quantity * np.asarray(weights) / np.sum(weights), 9)).astype(int),
                "you round every slice down and the rest of the order is never sold"),
        Mistake("rest_in_the_last_slice", _remainder_last,
                "the sum is right, but all the rounding lands in the last slice; round the "
                "running total, so that no moment is more than half a share off schedule"),
        Mistake("running_total", lambda quantity, weights: np.cumsum(
                    strategies.allocate(quantity, weights)),
                "you return the running total; return the shares of each slice"),
        Mistake("weights_not_scaled",
                lambda quantity, weights: np.diff(
                    np.rint(quantity * np.cumsum(weights)), prepend=0).astype(int),
                "the weights need not sum to one; divide by their sum"),
        Mistake("unrounded",
                lambda quantity, weights: quantity * np.asarray(weights) / np.sum(weights),
                "these are fractions of a share; the market trades whole ones"),
    ],
)

# --------------------------------------------------------------------------- 7 paired


def reference_paired(cost_a_bps, cost_b_bps, difference_bps):
    """Mean of a - b, 95 % interval with Student's t, pairs that show `difference_bps`."""
    result = analytics.paired_difference(cost_a_bps, cost_b_bps)
    return {
        "mean": result.mean, "low": result.ci_low, "high": result.ci_high,
        "pairs": result.pairs_needed(difference_bps),
    }


EXACT_Z, EXACT_POWER = 1.959963984540054, 2.801585218112969


def student_t(n):
    """Quantile of Student's t for a 95 % interval."""
    return float(stats.t.ppf(0.975, n - 1))


def _paired(a, b, target, reach, power=2.8, ddof=1, root=True, rounding=np.ceil):
    difference = np.asarray(a, float) - np.asarray(b, float)
    spread = difference.std(ddof=ddof)
    half = reach(len(difference)) * spread / (np.sqrt(len(difference)) if root else 1.0)
    mean = float(difference.mean())
    return {
        "mean": mean, "low": float(mean - half), "high": float(mean + half),
        "pairs": int(max(2, rounding((power * spread / target) ** 2))),
    }


def _rounded(reach, power, **changes):
    return lambda cost_a_bps, cost_b_bps, difference_bps: _paired(
        cost_a_bps, cost_b_bps, difference_bps, reach, power, **changes
    )


ACCEPTED = tuple(
    _rounded(reach, power)
    for reach in (student_t, lambda n: 1.96, lambda n: EXACT_Z)
    for power in (2.8, EXACT_POWER)
)


def _unpaired(cost_a_bps, cost_b_bps, difference_bps):
    a, b = np.asarray(cost_a_bps, float), np.asarray(cost_b_bps, float)
    spread = np.sqrt(a.var(ddof=1) + b.var(ddof=1))
    half, mean = student_t(len(a)) * spread / np.sqrt(len(a)), float(a.mean() - b.mean())
    return {"mean": mean, "low": mean - half, "high": mean + half,
            "pairs": int(np.ceil((2.8 * spread / difference_bps) ** 2))}


FIVE_DAYS = {
    "cost_a_bps": np.array([12.0, -30.5, 4.0, 21.0, -6.5]),
    "cost_b_bps": np.array([11.5, -30.9, 4.1, 20.2, -6.7]),
    "difference_bps": 0.1,
}
TEN_DAYS = {
    "cost_a_bps": np.array([3.1, 2.2, -8.4, 15.0, 0.3, 7.7, -2.1, 4.4, 9.9, -12.0]),
    "cost_b_bps": np.array([3.6, 2.0, -8.0, 15.9, 0.2, 8.3, -1.9, 4.6, 10.8, -11.7]),
    "difference_bps": 0.05,
}


def random_costs(rng):
    """Two studies: a common market move plus a small difference."""
    cases = []
    for n in (12, 60):
        market = rng.normal(0, 35, n)
        cases.append(Case({"cost_a_bps": market + rng.normal(0.4, 0.5, n), "cost_b_bps": market,
                           "difference_bps": round(float(rng.uniform(0.02, 0.2)), 3)}))
    return cases


PAIRED = Check(
    name="paired",
    title="Which schedule is cheaper, and how sure are you?",
    kind="function",
    reference=reference_paired,
    accept=ACCEPTED,
    tolerance=EXACT,
    reread='"Many days": equations 9 and 10',
    parts=[
        Part("five days by hand", 1.0, [Case(FIVE_DAYS, "the table above")], True,
             category="worked example"),
        Part("ten days", 1.0, [Case(TEN_DAYS, "schedule a is cheaper")], True,
             category="other numbers"),
        Part("studies of your own", 1.0, random_costs, False, category="other numbers",
             partial=True),
        Part("two days", 1.0,
             [Case({"cost_a_bps": np.array([1.0, 2.5]), "cost_b_bps": np.array([0.5, 2.6]),
                    "difference_bps": 0.5})], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("unpaired", _unpaired,
                "your standard deviation is that of two separate samples; take the difference day "
                "by day first, then its standard deviation"),
        Mistake("b_minus_a",
                lambda cost_a_bps, cost_b_bps, difference_bps: reference_paired(
                    cost_b_bps, cost_a_bps, difference_bps),
                "you subtracted a from b; the answer is a minus b, positive when a costs more"),
        Mistake("divided_by_n", _rounded(student_t, 2.8, ddof=0),
                "your standard deviation divides by n; use n - 1 (ddof=1)"),
        Mistake("no_root_n", _rounded(student_t, 2.8, root=False),
                "you forgot to divide by the root of n: this is where the next day may fall, not "
                "how well the mean is known"),
        Mistake("one_standard_error", _rounded(lambda n: 1.0, 2.8),
                "your interval is one standard error wide on each side; 95 % takes about two"),
        Mistake("rounded_down", _rounded(student_t, 2.8, rounding=np.floor),
                "the number of pairs is rounded down, which is one day too few; round up"),
        Mistake("no_power", _rounded(student_t, 1.96),
                "with 1.96 the interval excludes 0 only every second time; equation 10 has 2.8"),
    ],
)

# --------------------------------------------------------------------------- 8 may_sell


def reference_may_sell(mid, minute_vwap, volume):
    """Sell in minute k if its opening mid is above the VWAP of the minutes before k."""
    answer, value, shares = [], 0.0, 0.0
    for now, price, size in zip(mid, minute_vwap, volume, strict=True):
        answer.append(bool(shares > 0 and now > value / shares))
        if size > 0:
            value, shares = value + price * size, shares + size
    return np.array(answer, dtype=bool)


def _day_vwap(mid, minute_vwap, volume):
    traded = np.asarray(volume) > 0
    value = (np.asarray(minute_vwap)[traded] * np.asarray(volume)[traded]).sum()
    return np.asarray(mid) > value / np.asarray(volume)[traded].sum()


def _this_minute_too(mid, minute_vwap, volume):
    volume = np.asarray(volume, float)
    value = np.where(volume > 0, np.nan_to_num(minute_vwap) * volume, 0.0)
    with np.errstate(invalid="ignore"):
        return np.asarray(mid) > np.cumsum(value) / np.cumsum(volume)


def _unweighted(mid, minute_vwap, volume):
    before = pd.Series(np.asarray(minute_vwap, float)).expanding().mean().shift(1)
    return np.asarray(mid) > before.to_numpy()


def _nan_never_leaves(mid, minute_vwap, volume):
    with np.errstate(invalid="ignore"):
        so_far = np.cumsum(np.asarray(minute_vwap) * volume) / np.cumsum(volume)
    return np.asarray(mid) > np.concatenate([[np.nan], so_far[:-1]])


def _previous_minute(mid, minute_vwap, volume):
    before = pd.Series(np.asarray(minute_vwap, float)).shift(1)
    return np.asarray(mid) > before.to_numpy()


FOUR_MINUTES = {
    "mid": np.array([10.02, 10.03, 10.01, 10.04]),
    "minute_vwap": np.array([10.02, 10.01, 10.03, 10.20]),
    "volume": np.array([100, 300, 100, 900]),
}
FALLING = {
    "mid": np.array([50.30, 50.20, 50.24, 50.15, 50.00]),
    "minute_vwap": np.array([50.25, 50.22, 50.10, 49.95, 49.80]),
    "volume": np.array([10, 10, 80, 40, 500]),
}
QUIET_OPEN = {
    "mid": np.array([5.00, 5.01, 5.02, 4.99, 5.03]),
    "minute_vwap": np.array([np.nan, np.nan, 5.00, np.nan, 5.01]),
    "volume": np.array([0, 0, 40, 0, 10]),
}
AT_THE_AVERAGE = {  # quarters, so that the average is exact in whatever order it is summed
    "mid": np.array([20.25, 20.50, 20.50, 20.25, 20.75]),
    "minute_vwap": np.array([20.25, 20.75, 20.50, 20.25, 20.00]),
    "volume": np.array([1, 1, 2, 4, 50]),
}


def random_days(rng):
    """Two days of 240 minutes, their volumes far from equal."""
    cases = []
    for _ in range(2):
        mid = 100 + rng.normal(0, 0.05, 240)  # crosses its average often
        cases.append(Case({"mid": mid, "minute_vwap": mid + rng.normal(0, 0.5, 240),
                           "volume": rng.lognormal(6, 1.5, 240).astype(np.int64) + 1}))
    return cases


MAY_SELL = Check(
    name="may_sell",
    title="Find the bug: the rule that beats TWAP",
    kind="function",
    reference=reference_may_sell,
    tolerance=WHOLE,
    reread='"A result too good": what is known at the start of minute k',
    parts=[
        Part("four minutes by hand", 1.0, [Case(FOUR_MINUTES, "the table above")], True,
             category="worked example"),
        Part("a falling price", 1.0, [Case(FALLING, "a price that falls")], True,
             category="other numbers"),
        Part("days of your own", 1.0, random_days, False, category="other numbers", partial=True),
        Part("minutes without trades, exactly at the average", 1.0,
             [Case(QUIET_OPEN), Case(AT_THE_AVERAGE)], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("whole_day_vwap", _day_vwap,
                "the VWAP still holds the trades of the whole day; minute k may only use the "
                "minutes before it"),
        Mistake("uses_this_minute", _this_minute_too,
                "minute k's own trades are in its benchmark; they print after you decide"),
        Mistake("not_volume_weighted", _unweighted,
                "you average the prices of the minutes without their volumes"),
        Mistake("nan_never_leaves", _nan_never_leaves,
                "a minute without trades has a VWAP of NaN, and NaN times 0 is NaN: after it your "
                "running total knows nothing any more"),
        Mistake("previous_minute_only", _previous_minute,
                "you compare with the minute before only; the benchmark is the VWAP of all "
                "minutes so far"),
        Mistake("inverted",
                lambda mid, minute_vwap, volume: ~reference_may_sell(mid, minute_vwap, volume),
                "your answer is upside down: True means that the rule may sell"),
    ],
)

CHECKS = [SHORTFALL, SLICES, PAIRED, MAY_SELL]
