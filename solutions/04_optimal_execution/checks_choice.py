"""Exercises 3 and 5 of lesson 04: choosing on the frontier, and Obizhaeva and Wang's trades."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# --------------------------------------------------------------------------- 3 choose


def reference_choose(aversions, expected, std, limit, z):
    cost = np.where(std <= limit, expected, np.inf)
    within = float(aversions[np.argmin(cost)]) if np.isfinite(cost).any() else math.nan
    return within, float(aversions[np.argmin(expected + z * std)])


def _safest(aversions, expected, std, limit, z):
    within = float(aversions[np.argmin(std)]) if (std <= limit).any() else math.nan
    return within, reference_choose(aversions, expected, std, limit, z)[1]


def _swapped(aversions, expected, std, limit, z):
    return reference_choose(aversions, expected, std, limit, z)[::-1]


def _of_variance(aversions, expected, std, limit, z):
    return (reference_choose(aversions, expected, std, limit, z)[0],
            float(aversions[np.argmin(expected + z * std**2)]))


def _positions(aversions, expected, std, limit, z):
    within, least = reference_choose(aversions, expected, std, limit, z)
    return (float("nan") if math.isnan(within) else int(np.flatnonzero(aversions == within)[0]),
            int(np.flatnonzero(aversions == least)[0]))


def _first_that_fits(aversions, expected, std, limit, z):
    fits = np.flatnonzero(std <= limit)
    return (float(aversions[fits[0]]) if len(fits) else math.nan,
            reference_choose(aversions, expected, std, limit, z)[1])


def _place_among_fits(aversions, expected, std, limit, z):
    fits = std <= limit
    return (float(aversions[np.argmin(expected[fits])]) if fits.any() else math.nan,
            reference_choose(aversions, expected, std, limit, z)[1])


def _costs(aversions, expected, std, limit, z):
    fits = std <= limit
    return (float(expected[fits].min()) if fits.any() else math.nan,
            float((expected + z * std).min()))


def _cheapest_of_all(aversions, expected, std, limit, z):
    return (float(aversions[np.argmin(expected)]),
            reference_choose(aversions, expected, std, limit, z)[1])


def frontiers(rng):
    cases = []
    for n in (6, 12):
        aversion = np.sort(rng.uniform(0.01, 6, n)).round(3)
        spread = 1e6 / (1 + aversion)
        cost = 6.6e5 * (1 + 0.25 * aversion**1.2)
        mixed = rng.permutation(n)
        cases.append(Case({"aversions": aversion[mixed] * 1e-6, "expected": cost[mixed].round(),
                           "std": spread[mixed].round(), "z": 1.645,
                           "limit": float(np.quantile(spread, 0.6).round(-3))}))
    return [Case({k: c.inputs[k] for k in ("aversions", "expected", "std", "limit", "z")})
            for c in cases]


TABLE = {"aversions": np.array([0.0, 0.0009, 0.0036]), "expected": np.array([5550.0, 5675, 6439]),
         "std": np.array([1000.0, 833.0, 556.0]), "limit": 600.0, "z": 1.645}

CHOOSE = Check(
    name="choose",
    title="A place on the frontier",
    reference=reference_choose,
    tolerance=EXACT,
    reread='"How averse are you?": the table of three schedules',
    parts=[
        Part("three schedules by hand", 1.0, [
            Case(TABLE, "the table above, limit 600"),
            Case(TABLE | {"limit": 900.0}, "limit 900")], category="worked example"),
        Part("frontiers of your own", 2.0, frontiers, False, category="other numbers",
             partial=True),
        Part("a limit that nobody keeps, one exactly met with a smaller z", 1.0, [
            Case(TABLE | {"limit": 500.0}),
            # with z of 75 % the smallest L-VaR is the first row's; with z = 1 or 1.645 it is not
            Case(TABLE | {"limit": 833.0, "z": 0.674}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("safest", _safest,
                "you take the schedule with the smallest risk; asked is the cheapest of those "
                "within the limit"),
        Mistake("swapped", _swapped, "the two answers are in the wrong order"),
        Mistake("of_variance", _of_variance,
                "L-VaR adds z standard deviations to the cost, not z variances"),
        Mistake("positions", _positions, "you return positions in the table; asked are aversions"),
        Mistake("first_that_fits", _first_that_fits,
                "rows come in any order: look for the cheapest within the limit, not the first"),
        Mistake("costs", _costs,
                "you return what the two schedules cost; asked are their aversions"),
        Mistake("cheapest_of_all", _cheapest_of_all,
                "your first answer ignores the limit (or is a place in the filtered list, looked "
                "up in the whole one)"),
        Mistake("place_among_fits", _place_among_fits,
                "your first answer is a place in the filtered list, looked up in the whole one"),
    ],
)

# --------------------------------------------------------------------------- 5 block_trades


def reference_blocks(quantity, horizon, resilience, periods):
    return _blocks(quantity, 1 - math.exp(-resilience * horizon / periods), periods)


def _blocks(quantity, refilled, periods):
    end = quantity / (2 + (periods - 1) * refilled)
    sizes = np.full(periods + 1, end * refilled)
    sizes[[0, -1]] = end
    return sizes


def _kept_for_refilled(quantity, horizon, resilience, periods):
    return _blocks(quantity, math.exp(-resilience * horizon / periods), periods)


def _whole_horizon(quantity, horizon, resilience, periods):
    return _blocks(quantity, 1 - math.exp(-resilience * horizon), periods)


def _no_last_block(quantity, horizon, resilience, periods):
    refilled = 1 - math.exp(-resilience * horizon / periods)
    first = quantity / (1 + periods * refilled)
    return np.append(first, np.full(periods, first * refilled))


def _of_the_rate(quantity, horizon, resilience, periods):
    block = quantity / (2 + resilience * horizon)
    sizes = np.full(periods + 1, resilience * block * horizon / max(periods - 1, 1))
    sizes[[0, -1]] = block
    return sizes


def _even(quantity, horizon, resilience, periods):
    return np.full(periods + 1, quantity / (periods + 1))


def random_books(rng):
    return [Case({"quantity": float(rng.integers(10, 90) * 1000), "horizon": float(horizon),
                  "resilience": round(float(rng.uniform(0.2, 3)), 2), "periods": periods},
                 f"{periods} periods")
            for horizon, periods in ((1, 5), (3, 20))]


BLOCKS = Check(
    name="block_trades",
    title="Block, trickle, block",
    reference=reference_blocks,
    tolerance=EXACT,
    reread='"A book that refills": four trades by hand, then equation 8',
    parts=[
        Part("four trades by hand", 1.0, [
            Case({"quantity": 1000.0, "horizon": 3.0, "resilience": math.log(4 / 3), "periods": 3},
                 "a quarter of the dent refills in each period")], category="worked example"),
        Part("books of your own", 2.0, random_books, False, category="other numbers",
             partial=True),
        Part("a book that never refills, two trades", 1.0, [
            Case({"quantity": 600.0, "horizon": 1.0, "resilience": 0.0, "periods": 4}),
            Case({"quantity": 600.0, "horizon": 1.0, "resilience": 2.0, "periods": 1}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("kept_for_refilled", _kept_for_refilled,
                "you use a, the share of the dent that is left; the trades between follow what has "
                "refilled, 1 - a"),
        Mistake("whole_horizon", _whole_horizon,
                "a belongs to one period, T / N long; yours belongs to the whole horizon"),
        Mistake("no_last_block", _no_last_block,
                "there is a block at the end, too: after it nobody minds the dent"),
        Mistake("of_the_rate", _of_the_rate,
                "these are the continuous block and rate cut into pieces; with N + 1 trades the "
                "blocks are X / (2 + (N - 1)(1 - a))"),
        Mistake("even", _even, "these are equal trades; the resilience changes nothing"),
    ],
)

CHECKS = [CHOOSE, BLOCKS]
