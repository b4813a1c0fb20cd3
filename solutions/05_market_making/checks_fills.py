"""Exercises 4 and 5 of lesson 05: a backtest that is mended, and A and k from watched quotes."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")
FITTED = Tolerance(rtol=1e-7, atol=1e-9, why="ways to work out a regression differ by rounding")

# --------------------------------------------------------------------------- 4 mended_backtest


def reference_backtest(close, low, high, half_spread):
    return _backtest(close, low, high, half_spread)


def _backtest(close, low, high, half_spread, back=1, touch=False, one_side=False, cash_only=False):
    cash, held = 0.0, 0
    for n in range(1, len(close)):
        bid, ask = close[n - back] - half_spread, close[n - back] + half_spread
        bought = low[n] <= bid if touch else low[n] < bid
        sold = high[n] >= ask if touch else high[n] > ask
        if one_side and bought:
            sold = False
        cash += sold * ask - bought * bid
        held += int(sold) * -1 + int(bought)
    return float(cash if cash_only else cash + held * close[-1]), held


def _colleague(close, low, high, half_spread):
    return _backtest(close, low, high, half_spread, back=0, touch=True)


def _ahead(close, low, high, half_spread):
    return _backtest(close, low, high, half_spread, back=0)


def _touch(close, low, high, half_spread):
    return _backtest(close, low, high, half_spread, touch=True)


def _one_side(close, low, high, half_spread):
    return _backtest(close, low, high, half_spread, one_side=True)


def _bar_cash(close, low, high, half_spread):
    return _backtest(close, low, high, half_spread, cash_only=True)


def random_bars(rng):
    cases = []
    for n, half in ((15, 2.0), (30, 3.0), (30, 1.0)):
        close = 78_000.0 + np.cumsum(rng.integers(-3, 4, n))
        low = np.minimum(close, np.append(close[0], close[:-1])) - rng.integers(0, 3, n)
        high = np.maximum(close, np.append(close[0], close[:-1])) + rng.integers(0, 3, n)
        cases.append(Case({"close": close, "low": low, "high": high, "half_spread": half},
                          f"{n} bars"))
    return cases


FOUR_BARS = {"close": np.array([100.0, 103, 101, 104]), "low": np.array([99.0, 99, 100, 100]),
             "high": np.array([101.0, 104, 105, 105]), "half_spread": 2.0}
QUIET = {"close": np.array([50.0, 50, 47, 47, 48]), "low": np.array([50.0, np.nan, 46, np.nan, 44]),
         "high": np.array([50.0, np.nan, 50, np.nan, 49]), "half_spread": 2.0}

BACKTEST = Check(
    name="mended_backtest",
    title="Find the bug: the maker who is never wrong",
    reference=reference_backtest,
    tolerance=EXACT,
    reread='"A fill rule makes you rich": four bars by hand',
    parts=[
        Part("four bars by hand", 1.0, [Case(FOUR_BARS, "the table above")],
             category="worked example"),
        Part("bars of your own", 2.0, random_bars, False, category="other numbers"),
        Part("bars without a trade, and one that hits both quotes", 1.0, [
            Case(QUIET),
            Case({"close": np.array([10.0, 10, 11]), "low": np.array([10.0, 7, 8]),
                  "high": np.array([10.0, 13, 12]), "half_spread": 1.0}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("colleague", _colleague,
                "this is still the colleague's result: a bar's own close is not known when you "
                "quote, and a trade at your price does not prove a fill"),
        Mistake("ahead", _ahead,
                "your quotes are made around the close of the very bar in which they are hit: at "
                "its start that price is not known"),
        Mistake("touch", _touch,
                "a trade at your price may have served those ahead of you in the queue; only one "
                "beyond it proves that you were filled"),
        Mistake("one_side", _one_side, "both quotes may be hit in one bar"),
        Mistake("cash_only", _bar_cash,
                "you return cash; what is held at the end is worth the last close"),
    ],
)

# --------------------------------------------------------------------------- 5 fill_intensity


def reference_intensity(distances, exposures_s, filled):
    return _intensity(distances, exposures_s, filled)


def _intensity(distances, exposures_s, filled, watched=True, weighted=True, slope=-1.0,
               level=math.exp, count=False):
    where, index = np.unique(distances, return_inverse=True)
    fills = np.bincount(index, weights=filled.astype(float))
    seen = exposures_s if watched else exposures_s * filled
    time_s = np.bincount(index, weights=np.ones(len(index)) if count else seen)
    some = fills > 0
    x, y = where[some], np.log(fills[some] / time_s[some])
    weight = fills[some] if weighted else np.ones(some.sum())
    middle = np.average(x, weights=weight)
    b = (weight * (x - middle) * y).sum() / (weight * (x - middle) ** 2).sum()
    return level(np.average(y, weights=weight) - b * middle), slope * float(b)


def _per_quote(distances, exposures_s, filled):
    return _intensity(distances, exposures_s, filled, count=True)


def _censored_dropped(distances, exposures_s, filled):
    return _intensity(distances, exposures_s, filled, watched=False)


def _unweighted(distances, exposures_s, filled):
    return _intensity(distances, exposures_s, filled, weighted=False)


def _root_weights(distances, exposures_s, filled):
    where, index = np.unique(distances, return_inverse=True)
    fills = np.bincount(index, weights=filled.astype(float))
    time_s = np.bincount(index, weights=exposures_s)
    some = fills > 0
    slope, level = np.polyfit(where[some], np.log(fills[some] / time_s[some]), 1, w=fills[some])
    return math.exp(level), -float(slope)


def _negative_k(distances, exposures_s, filled):
    return _intensity(distances, exposures_s, filled, slope=1.0)


def _log_level(distances, exposures_s, filled):
    return _intensity(distances, exposures_s, filled, level=float)


def _slope_and_level(distances, exposures_s, filled):
    return _intensity(distances, exposures_s, filled, slope=1.0, level=float)


def _watch(rng, n, where, a, k, window_s):
    distances = rng.choice(where, n)
    waits = rng.exponential(1 / (a * np.exp(-k * distances)))
    return {"distances": distances, "exposures_s": np.minimum(waits, window_s).round(3) + 0.001,
            "filled": waits < window_s}


def random_watches(rng):
    return [Case(_watch(rng, 400, np.array(where), a, k, 10.0), f"{len(where)} distances")
            for where, a, k in (([0.5, 1.5, 2.5, 4.0], 0.4, 0.5), ([1.0, 2.0, 6.0], 0.2, 0.3))]


SIX = {"distances": np.array([1.0, 3.0, 1.0, 3.0, 1.0, 3.0]),
       "exposures_s": np.array([2.0, 4.0, 3.0, 10.0, 5.0, 6.0]),
       "filled": np.array([True, True, True, False, False, False])}
NONE_BETWEEN = {"distances": np.array([1.0, 4, 1, 4, 1, 7, 7, 7, 9, 9]),
                "exposures_s": np.array([1.0, 10, 2, 10, 5, 4, 6, 10, 10, 10]),
                "filled": np.array([True, False, True, False, False, True, True, False, False,
                                    False])}

INTENSITY = Check(
    name="fill_intensity",
    title="A and k from quotes that were watched",
    reference=reference_intensity,
    tolerance=FITTED,
    reread='"A and k, measured": six quotes by hand',
    parts=[
        Part("six quotes by hand", 1.0, [Case(SIX, "the table above")], category="worked example"),
        Part("quotes of your own", 3.0, random_watches, False, category="other numbers"),
        Part("distances at which nothing was filled", 1.0, [Case(NONE_BETWEEN)], False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("per_quote", _per_quote,
                "you divide by the number of quotes; a rate is per second that they were open"),
        Mistake("censored_dropped", _censored_dropped,
                "the quotes that were not filled were open, too: their seconds count"),
        Mistake("unweighted", _unweighted,
                "a rate from two fills weighs as much as one from two hundred; weigh each distance "
                "with its fills"),
        Mistake("root_weights", _root_weights,
                "np.polyfit squares its weights: give it the square root of the fills"),
        Mistake("negative_k", _negative_k, "k is how fast the rate falls: minus the slope"),
        Mistake("slope_and_level", _slope_and_level,
                "these are the line's level and slope: A is exp(level), k is minus the slope"),
        Mistake("log_level", _log_level, "the line's value at distance 0 is ln A, not A"),
    ],
)

CHECKS = [BACKTEST, INTENSITY]
