"""Exercises 3 and 4 of lesson 06: the terms of a shortfall, and a reward that is mended."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

CENTS = Tolerance(rtol=1e-8, atol=1e-8, why="differences of large prices lose some digits")

# --------------------------------------------------------------------------- 3 shortfall_terms


def reference_terms(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price)


def _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, mark=1, held=0,
           other=True, sign=None, unit=None, end_mid=None):
    sign = side if sign is None else sign
    unit = 1e4 / (left[0] * mid[0]) if unit is None else unit
    sold, hold = left[:-1] - left[1:], left[1:] if held else left[:-1]
    at = np.full(len(sold), mid[0]) if mark is None else (mid[1:] if mark else mid[:-1])
    move, outside = np.diff(mid), np.diff(exogenous)
    end = mid[-1] if end_mid is None else end_mid
    parts = (sign * (traded_value - sold * at).sum(),
             sign * (hold * (move - outside if other else move)).sum(),
             sign * (hold * outside).sum(), fees.sum(),
             sign * left[-1] * (leftover_price - end) if left[-1] else 0.0)
    return tuple(float(unit * part) for part in parts)


def _buy_sign(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, sign=1)


def _as_gain(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, sign=-side)


def _terms_held_after(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, held=1)


def _mark_before(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, mark=0)


def _from_arrival(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, mark=None)


def _all_as_impact(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, other=False)


def _leftover_from_arrival(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, end_mid=mid[0])


def _leftover_lost(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return (*_terms(side, left, mid, exogenous, traded_value, fees, leftover_price)[:4], 0.0)


def _in_money(side, left, mid, exogenous, traded_value, fees, leftover_price):
    return _terms(side, left, mid, exogenous, traded_value, fees, leftover_price, unit=1.0)


def _nan(side, left, mid, exogenous, traded_value, fees, leftover_price):
    right = _terms(side, left, mid, exogenous, traded_value, fees, leftover_price)
    return (*right[:4], right[4] + 0.0 * leftover_price)


def _episode(rng, side, steps, rest=True):
    left = np.sort(rng.integers(0, 60, steps + 1))[::-1].astype(float) * 100
    left[0], left[-1] = 6000.0, left[-1] + 300.0 if rest else 0.0
    left = np.sort(left)[::-1]
    mid = (150 + np.cumsum(rng.normal(0, 0.03, steps + 1))).round(3)
    outside = (150 + np.cumsum(rng.normal(0, 0.03, steps + 1))).round(3)
    sold = left[:-1] - left[1:]
    price = mid[:-1] + rng.normal(0, 0.01, steps).round(3)
    return {"side": side, "left": left, "mid": mid, "exogenous": outside,
            "traded_value": (sold * price).round(2), "fees": rng.normal(5, 4, steps).round(2),
            "leftover_price": round(float(mid[-1] + side * 0.04), 3) if rest else float("nan")}


def random_episodes(rng):
    return [Case(_episode(rng, side, steps), note)
            for side, steps, note in ((-1, 5, "a sale"), (1, 8, "a purchase"))]


def done_in_time(rng):
    return [Case(_episode(rng, -1, 4, rest=False)), Case(_episode(rng, 1, 1))]


TWO_STEPS = {"side": -1, "left": np.array([400.0, 300.0, 200.0]),
             "mid": np.array([100.0, 99.98, 99.99]), "exogenous": np.array([100.0, 100.01, 100.03]),
             "traded_value": np.array([9_999.0, 9_997.0]), "fees": np.array([0.4, -0.2]),
             "leftover_price": 99.97}

TERMS = Check(
    name="shortfall_terms",
    title="Five terms, one shortfall",
    reference=reference_terms,
    tolerance=CENTS,
    reread='"The identity": the two steps by hand, then equations 2 to 4',
    parts=[
        Part("two steps by hand", 1.0, [Case(TWO_STEPS, "the table above")],
             category="worked example"),
        Part("episodes of your own", 3.0, random_episodes, False, category="other numbers"),
        Part("an order that is done in time, and one step", 1.0, done_in_time, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("buy_sign", _buy_sign,
                "your terms have the sign of a buy; a sale pays when the price is low"),
        Mistake("as_gain", _as_gain, "these are costs: positive where it hurts"),
        Mistake("held_after", _terms_held_after,
                "impact and exogenous move what is left *before* the step: left[:-1]"),
        Mistake("mark_before", _mark_before,
                "execution is measured at the mid after the step, mid[1:]; with the mid before it "
                "the move of what was traded counts twice"),
        Mistake("from_arrival", _from_arrival,
                "execution is measured at the mid after its step; against the arrival price all "
                "moves would count twice"),
        Mistake("all_as_impact", _all_as_impact,
                "impact is the move of the mid less the exogenous one; that has a term of its own"),
        Mistake("leftover_from_arrival", _leftover_from_arrival,
                "the leftover's price is compared with the last mid: the way to there is in the "
                "other terms already"),
        Mistake("leftover_lost", _leftover_lost,
                "what is left at the end is traded at leftover_price: it has a cost"),
        Mistake("in_money", _in_money,
                "these are dollars; basis points are of the order's value at arrival"),
        Mistake("nan", _nan,
                "with nothing left there is no leftover price: the term is then 0, not nan"),
    ],
)

# --------------------------------------------------------------------------- 4 mended_rewards


def reference_rewards(mid, sold, price, quantity, leftover_price):
    return _rewards(mid, sold, price, quantity, leftover_price)


def _rewards(mid, sold, price, quantity, leftover_price, held=1, end=True, mark=0, at_end=-1):
    after = quantity - np.cumsum(sold)
    hold = after if held else after + sold
    paid = np.where(sold > 0, sold * (np.nan_to_num(price) - (mid[1:] if mark else mid[:-1])), 0.0)
    rewards = paid + hold * np.diff(mid)
    if end and after[-1] > 0:
        rewards[-1] += after[-1] * (leftover_price - mid[at_end])
    return rewards


def _colleague(mid, sold, price, quantity, leftover_price):
    return np.where(sold > 0, sold * (np.nan_to_num(price) - mid[:-1]), 0.0)


def _no_inventory(mid, sold, price, quantity, leftover_price):
    right = reference_rewards(mid, sold, price, quantity, leftover_price)
    moves = (quantity - np.cumsum(sold)) * np.diff(mid)
    return right - moves


def _no_end(mid, sold, price, quantity, leftover_price):
    return _rewards(mid, sold, price, quantity, leftover_price, end=False)


def _rewards_held_before(mid, sold, price, quantity, leftover_price):
    return _rewards(mid, sold, price, quantity, leftover_price, held=0)


def _rewards_marked_after(mid, sold, price, quantity, leftover_price):
    return _rewards(mid, sold, price, quantity, leftover_price, mark=1)


def _realised(mid, sold, price, quantity, leftover_price):
    rewards = np.where(sold > 0, sold * (np.nan_to_num(price) - mid[0]), 0.0)
    after = quantity - sold.sum()
    if after > 0:
        rewards[-1] += after * (leftover_price - mid[0])
    return rewards


def _end_at_arrival(mid, sold, price, quantity, leftover_price):
    return _rewards(mid, sold, price, quantity, leftover_price, at_end=0)


def _rewards_nan(mid, sold, price, quantity, leftover_price):
    right = _rewards(mid, sold, price, quantity, leftover_price)
    right[-1] += 0.0 * leftover_price
    return right


def _proceeds(mid, sold, price, quantity, leftover_price):
    right = _rewards(mid, sold, price, quantity, leftover_price)
    held = quantity - sold.sum()
    right[-1] += held * mid[-1] if held else 0.0
    return right


def _sales(rng, steps, rest):
    sold = rng.integers(0, 5, steps)
    sold[rng.integers(steps)] = 0
    mid = 500.0 + np.concatenate([[0], np.cumsum(rng.integers(-3, 3, steps))])
    price = np.where(sold > 0, mid[:-1] - rng.integers(0, 3, steps), np.nan)
    return {"mid": mid, "sold": sold, "price": price, "quantity": int(sold.sum() + rest),
            "leftover_price": float(mid[-1] - 2.5) if rest else float("nan")}


def random_sales(rng):
    return [Case(_sales(rng, steps, rest), f"{steps} steps") for steps, rest in ((4, 5), (7, 1))]


def finished(rng):
    return [Case(_sales(rng, 5, 0)), Case({
        "mid": np.array([10.0, 9.0]), "sold": np.array([0]), "price": np.array([np.nan]),
        "quantity": 3, "leftover_price": 7.0})]


THREE_STEPS = {"mid": np.array([100.0, 98.0, 97.0, 98.0]), "sold": np.array([3, 0, 1]),
               "price": np.array([99.0, np.nan, 96.0]), "quantity": 6, "leftover_price": 96.5}

REWARDS = Check(
    name="mended_rewards",
    title="Find the bug: the agent that cannot sit still",
    reference=reference_rewards,
    tolerance=CENTS,
    reread='"Find the bug": three steps by hand',
    parts=[
        Part("three steps by hand", 1.0, [Case(THREE_STEPS, "the table above")],
             category="worked example"),
        Part("orders of your own", 2.0, random_sales, False, category="other numbers"),
        Part("an order that is done, and one that never began", 1.0, finished, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("colleague", _colleague, "these are still the colleague's rewards"),
        Mistake("no_inventory", _no_inventory,
                "what is still held after the fills gains or loses what the mid moves: missing"),
        Mistake("no_end", _no_end,
                "what is left at the end is sold at leftover_price: the last reward lacks it"),
        Mistake("held_before", _rewards_held_before,
                "the lots of this step are paid by their own fill; only what is left after it "
                "moves with the mid"),
        Mistake("marked_after", _rewards_marked_after,
                "his fills are measured at the mid before the step, and yours at the one after it, "
                "together with what is left after the fills: the move of what was sold is lost"),
        Mistake("realised", _realised,
                "the sum is right, and each reward is not: you pay only when something is sold, "
                "and his way marks what is held in every step"),
        Mistake("nan", _rewards_nan,
                "with nothing left there is no leftover price: 0 times nan is nan, so ask first "
                "whether anything is held"),
        Mistake("proceeds", _proceeds,
                "the leftover earns its price less the last mid: what it was worth was counted "
                "all the way"),
        Mistake("end_at_arrival", _end_at_arrival,
                "the leftover is compared with the last mid: the way to there has been paid"),
    ],
)

CHECKS = [TERMS, REWARDS]
