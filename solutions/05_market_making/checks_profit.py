"""Exercise 6 of lesson 05: where a maker's profit comes from."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

CENTS = Tolerance(rtol=1e-9, atol=1e-7, why="differences of large prices lose some digits")


def reference_parts(side, size, price, fee, mid, mid_later, end_mid):
    return _parts(side, size, price, fee, mid, mid_later, end_mid)


def _parts(side, size, price, fee, mid, mid_later, end_mid, fees=-1.0, held_from=None):
    later = np.where(np.isnan(mid_later), end_mid, mid_later)
    start = later if held_from is None else held_from
    signed = side * size
    return (float((signed * (mid - price)).sum()), float((signed * (later - mid)).sum()),
            float((signed * (end_mid - start)).sum()), float(fees * fee.sum()))


def _fees_gained(side, size, price, fee, mid, mid_later, end_mid):
    return _parts(side, size, price, fee, mid, mid_later, end_mid, fees=1.0)


def _no_size(side, size, price, fee, mid, mid_later, end_mid):
    return _parts(side, np.ones_like(size), price, fee, mid, mid_later, end_mid)


def _no_side(side, size, price, fee, mid, mid_later, end_mid):
    return _parts(np.ones_like(side), size, price, fee, mid, mid_later, end_mid)


def _counted_twice(side, size, price, fee, mid, mid_later, end_mid):
    return _parts(side, size, price, fee, mid, mid_later, end_mid, held_from=mid)


def _adverse_as_cost(side, size, price, fee, mid, mid_later, end_mid):
    spread, adverse, held, fees = _parts(side, size, price, fee, mid, mid_later, end_mid)
    return spread, -adverse, held, fees


def _from_price(side, size, price, fee, mid, mid_later, end_mid):
    spread, adverse, held, fees = _parts(side, size, price, fee, mid, mid_later, end_mid)
    return spread, spread + adverse, held, fees


def _nan_is_zero(side, size, price, fee, mid, mid_later, end_mid):
    keep = ~np.isnan(mid_later)
    spread, _, _, fees = _parts(side, size, price, fee, mid, mid_later, end_mid)
    signed = (side * size)[keep]
    return (spread, float((signed * (mid_later - mid)[keep]).sum()),
            float((signed * (end_mid - mid_later[keep])).sum()), fees)


def _fills(rng, n, unknown=0):
    mid = 78_000 + np.cumsum(rng.normal(0, 8, n)).round(1)
    side = rng.choice([-1, 1], n)
    later = (mid + rng.normal(0, 10, n) - 6 * side).round(1)
    later[n - unknown:] = np.nan
    return {"side": side, "size": rng.integers(1, 100, n) / 10_000,
            "price": (mid - side * rng.integers(1, 12, n)).round(1),
            "fee": rng.uniform(-0.05, 0.2, n).round(4), "mid": mid, "mid_later": later,
            "end_mid": float(mid[-1] + rng.integers(-60, 60))}


def random_hours(rng):
    return [Case(_fills(rng, n), f"{n} fills") for n in (6, 25)]


def ends(rng):
    return [Case(_fills(rng, 8, 2)), Case(_fills(rng, 1, 1))]


TWO_FILLS = {"side": np.array([1, -1]), "size": np.array([2.0, 1.0]),
             "price": np.array([99.0, 101.0]), "fee": np.array([0.1, 0.05]),
             "mid": np.array([100.0, 100.0]), "mid_later": np.array([98.0, 100.5]),
             "end_mid": 101.0}

PARTS = Check(
    name="profit_parts",
    title="Where the profit comes from",
    reference=reference_parts,
    tolerance=CENTS,
    reread='"A real book": two fills by hand',
    parts=[
        Part("two fills by hand", 1.0, [Case(TWO_FILLS, "the table above")],
             category="worked example"),
        Part("hours of your own", 3.0, random_hours, False, category="other numbers"),
        Part("fills just before the end", 1.0, ends, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("fees_gained", _fees_gained, "fees that are paid lower the profit: their sign"),
        Mistake("no_size", _no_size, "a large fill earns more than a small one: size is missing"),
        Mistake("no_side", _no_side,
                "a sell earns what its price lies above the mid: multiply by the side"),
        Mistake("counted_twice", _counted_twice,
                "inventory begins where adverse selection ends, at the mid after the mark-out "
                "time; from the mid at the fill that stretch would count twice"),
        Mistake("adverse_as_cost", _adverse_as_cost,
                "adverse selection is a part of the profit: negative where it costs you"),
        Mistake("from_price", _from_price,
                "adverse selection starts at the mid of the fill, not at its price: the spread is "
                "a part of its own"),
        Mistake("nan_is_zero", _nan_is_zero,
                "a fill whose mark-out time is not over at the end is marked at the end mid, not "
                "left out"),
    ],
)

CHECKS = [PARTS]
