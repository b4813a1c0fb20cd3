"""Exercise 3 of lesson 03: the memory of the signs of market orders."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance


def _correlations(x, lags, centre=True):
    x = np.asarray(x, float)
    x = x - x.mean() if centre else x
    total = float(x @ x)
    return np.array([x[k:] @ x[:-k] / total if k < len(x) and total > 0 else np.nan
                     for k in lags])


def _orders(time_ns, sign):
    new = np.ones(len(sign), bool)
    new[1:] = (np.diff(time_ns) != 0) | (np.diff(sign) != 0)
    return np.asarray(sign)[new]


def reference_memory(time_ns, sign, lags):
    return _correlations(_orders(time_ns, sign), lags)


def _fills(time_ns, sign, lags):
    return _correlations(sign, lags)


def _not_centred(time_ns, sign, lags):
    return _correlations(_orders(time_ns, sign), lags, centre=False)


def _time_only(time_ns, sign, lags):
    return _correlations(np.asarray(sign)[np.append(True, np.diff(time_ns) != 0)], lags)


def _sign_only(time_ns, sign, lags):
    return _correlations(np.asarray(sign)[np.append(True, np.diff(sign) != 0)], lags)


def _pearson(time_ns, sign, lags):
    x = _orders(time_ns, sign).astype(float)
    found = []
    for k in lags:
        pair = (x[k:], x[:-k])
        usable = len(x) - k > 1 and min(p.std() for p in pair) > 0
        found.append(np.corrcoef(*pair)[0, 1] if usable else np.nan)
    return np.array(found)


def _mean_of_pairs(time_ns, sign, lags):
    x = _orders(time_ns, sign)
    return _correlations(x, lags) * np.array([len(x) / max(len(x) - k, 1) for k in lags])


def fills_of(rng, orders):
    """Signs that often repeat, one to four fills an order, some orders of one time."""
    time, sign, rows = 0, 1, []
    for _ in range(orders):
        turn = rng.random() < 0.3
        time += int(rng.integers(1, 9)) if not turn or rng.random() < 0.7 else 0
        sign = -sign if turn else sign
        rows += [(time, sign)] * int(rng.integers(1, 5))
    time_ns, signs = np.array(rows).T
    return {"time_ns": time_ns, "sign": signs}


def random_tapes(rng):
    return [Case({**fills_of(rng, 60), "lags": [1, 2, 7]}),
            Case({**fills_of(rng, 200), "lags": [10, 1]})]


BY_HAND = {"time_ns": np.array([10, 10, 20, 30, 30, 40, 50]),
           "sign": np.array([1, 1, 1, -1, -1, -1, 1]), "lags": [1, 2]}

SIGN_MEMORY = Check(
    name="sign_memory",
    title="The memory of the signs of market orders",
    kind="function",
    reference=reference_memory,
    tolerance=Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of summing "
                        "may differ"),
    reread='"What a Poisson market lacks": the seven fills worked by hand',
    parts=[
        Part("seven fills by hand", 1.0, [Case(BY_HAND, "five orders")], True,
             category="worked example"),
        Part("buyer and seller at one time", 1.0, [
            Case({"time_ns": np.array([5, 5, 5, 9, 9, 12]), "sign": np.array([1, 1, -1, -1, 1, 1]),
                  "lags": [1]}, "orders of one time and two signs are two"),
        ], True, category="worked example"),
        Part("other tapes", 1.0, random_tapes, False, category="other numbers", partial=True),
        Part("signs all equal, a lag too long", 1.0, [
            Case({"time_ns": np.array([1, 2, 3]), "sign": np.array([1, 1, 1]), "lags": [1]}),
            Case({"time_ns": np.array([1, 2, 2, 3]), "sign": np.array([1, -1, -1, 1]),
                  "lags": [2, 3, 8]}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("fills", _fills,
                "you count fills; fills of the same time and sign are one market order, and "
                "counting them singly makes a memory that is not there"),
        Mistake("not_centred", _not_centred, "the mean of the signs is not taken off"),
        Mistake("time_only", _time_only,
                "you merge all fills of one time; a buyer and a seller at one time are two orders"),
        Mistake("sign_only", _sign_only,
                "you merge neighbours of one sign at different times; these are orders of their "
                "own, and their likeness is what is measured"),
        Mistake("pearson", _pearson,
                "you correlate the two shifted pieces with means of their own; equation 3 takes "
                "one mean and one denominator from all orders"),
        Mistake("mean_of_pairs", _mean_of_pairs,
                "you divide the sum over pairs by the number of pairs; equation 3 has two sums and "
                "no means of products, so a long lag is drawn towards 0"),
    ],
)

CHECKS = [SIGN_MEMORY]
