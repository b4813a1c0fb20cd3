"""Exercises 3, 4 and 5 of lesson 10: what a tape tells, an AUC, and one that is too good."""

import math

import numpy as np

from lobsim.analytics import auc
from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-7, atol=1e-7, why="plain arithmetic: only the order of sums may differ")

# -------------------------------------------------------------------------------- 3 tape_row


def reference_row(second, size, sign, length):
    return _row(second, size, sign, length)


def _row(second, size, sign, length, by_volume=True, centred=True, by_side=False, power=2,
         middle=np.mean, log=np.log, flat=False, first=1, counted=False, lag=1, absolute=False,
         last=None, waves_of=np.fft.rfft, added=True, padded=True, missing=0.0, orders=False,
         shared=True):
    second, size, sign = (np.asarray(x) for x in (second, size, sign))
    weight = size if by_volume else np.ones(len(size))
    total = weight.sum()
    flow = float((sign * weight).sum() / (total if shared else 1)) if total else missing
    persistence = missing
    if len(sign) > lag:
        pairs = sign[lag:] * sign[:-lag]
        middle_pair = pairs.sum() / (len(sign) if orders else len(pairs))
        persistence = float(middle_pair - (sign.mean()**2 if centred else 0))
    each = np.ones(len(size)) if counted else size * (sign if by_side else 1)
    volume = np.bincount(second.astype(int), each, length if padded else 1)
    if not added:
        volume[second.astype(int)] = each
    waves = np.abs(waves_of(volume))[first:last]**power
    if not waves.sum() > 1e-9:
        return flow, persistence, 0.0
    clock = waves.max() / middle(waves)
    return (abs(flow) if absolute else flow), persistence, float(clock if flat else log(clock))


def _told(**how):
    def wrong(second, size, sign, length):
        return _row(second, size, sign, length, **how)

    return wrong


def _orders(rng, count, length, every=0):
    second = rng.integers(0, length, count)
    if every:
        second = np.concatenate([second, np.arange(0, length, every)])
    second = np.sort(second)
    return {"second": second, "size": rng.integers(1, 90, len(second)),
            "sign": np.where(rng.random(len(second)) < 0.6, 1, -1), "length": length}


def other_windows(rng):
    return [Case(_orders(rng, 40, 120), "no clock"),
            Case(_orders(rng, 30, 200, every=20), "a clock")]


def thin_windows(rng):
    one = {"second": np.array([5]), "size": np.array([40]), "sign": np.array([-1]), "length": 60}
    none = {name: one[name][:0] for name in ("second", "size", "sign")} | {"length": 60}
    return [Case(one, "one order"), Case(none, "no order"), Case(_orders(rng, 9, 61))]


THREE = {"second": np.array([0, 4, 4]), "size": np.array([3, 3, 2]), "sign": np.array([1, 1, -1]),
         "length": 8}

TAPE_ROW = Check(
    name="tape_row",
    title="What a window of the tape tells",
    reference=reference_row,
    tolerance=EXACT,
    reread='"What the tape tells": eight seconds by hand',
    parts=[
        Part("eight seconds by hand", 1.0, [Case(THREE, "the window above")],
             category="worked example"),
        Part("other windows", 3.0, other_windows, False, category="other numbers"),
        Part("windows with little in them", 1.0, thin_windows, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("constant_wave", _told(first=0),
                "the wave number 0 is the mean volume and no clock: begin at 1"),
        Mistake("amplitude", _told(power=1), "the power is the *square* of the modulus"),
        Mistake("by_count", _told(by_volume=False), "flow weighs by size, not by number"),
        Mistake("signed_clock", _told(by_side=True), "the clock looks at the volume, without sign"),
        Mistake("counted_clock", _told(counted=True), "the clock looks at the volume, not at "
                "the number of orders"),
        Mistake("not_centred", _told(centred=False),
                "subtract the squared mean sign: on a one-sided day all neighbours are alike"),
        Mistake("median", _told(middle=np.median), "the mean of the powers, not their median"),
        Mistake("overwritten", _told(added=False),
                "several orders of one second add up: none takes the place of another"),
        Mistake("cut_short", _told(padded=False),
                "a window has `length` seconds, also the empty ones after its last order"),
        Mistake("all_waves", _told(waves_of=np.fft.fft),
                "waves go to the whole part of T/2 only: those beyond are the same again, and move "
                "the mean"),
        Mistake("no_last_wave", _told(last=-1), "the last wave, k = T/2, belongs to it"),
        Mistake("pairs", _told(orders=True), "J orders have J - 1 pairs of neighbours"),
        Mistake("no_share", _told(shared=False),
                "flow is a share: divide by the volume of both sides"),
        Mistake("missing", _told(missing=math.nan),
                "where there is too little to take a mean of, the answer is 0 and not NaN"),
        Mistake("no_log", _told(flat=True), "the logarithm of the ratio is asked"),
        Mistake("log10", _told(log=np.log10), "the natural logarithm is asked"),
        Mistake("log2", _told(log=np.log2), "the natural logarithm is asked"),
        Mistake("lag_two", _told(lag=2), "neighbours are one order apart"),
        Mistake("no_side", _told(absolute=True), "flow has a sign: positive where buyers press"),
    ],
)  # fmt: skip

# ------------------------------------------------------------------------------------- 4 auc


def _pairs(with_order, without, tie=0.5, turned=False, result="mean"):
    x, y = np.asarray(with_order, dtype=float)[:, None], np.asarray(without, dtype=float)
    above = (x > y) + tie * (x == y)
    if turned:
        above = (x < y) + tie * (x == y)
    if result == "sum":
        return float(above.sum())
    value = float(above.mean())
    return {"mean": value, "gini": 2 * value - 1, "fold": max(value, 1 - value)}[result]


def _compared(**how):
    def wrong(with_order, without):
        return _pairs(with_order, without, **how)

    return wrong


def _same_place(with_order, without):
    x, y = np.asarray(with_order, dtype=float), np.asarray(without, dtype=float)
    if len(x) != len(y):
        return math.nan
    return float(np.mean((x > y) + 0.5 * (x == y)))


def _accuracy(with_order, without):
    x, y = np.asarray(with_order, dtype=float), np.asarray(without, dtype=float)
    middle = np.median(np.concatenate([x, y]))
    return float(0.5 * ((x > middle).mean() + (y <= middle).mean()))


def reference_auc(with_order, without):
    return auc(with_order, without)


def _worse(rng):
    """Scores of a detector that is worse than a coin."""
    while True:
        given = {"with_order": rng.normal(-0.4, 1, 6).round(3),
                 "without": rng.normal(0, 1, 6).round(3)}
        if auc(**given) < 0.45:
            return given


def other_scores(rng):
    return [Case({"with_order": rng.normal(0.5, 1, 9).round(3),
                  "without": rng.normal(0, 1, 7).round(3)}),
            Case(_worse(rng), "worse than a coin")]


def ties(rng):
    return [Case({"with_order": rng.integers(0, 4, 12).astype(float),
                  "without": rng.integers(0, 4, 9).astype(float)}, "many ties"),
            Case({"with_order": np.array([2.0]), "without": np.array([2.0])}, "one tie")]


AREA = Check(
    name="area",
    title="An area under a curve, by counting pairs",
    reference=reference_auc,
    tolerance=EXACT,
    reread='"How well are days told apart": four pairs by hand',
    parts=[
        Part("four pairs by hand", 1.0, [Case({"with_order": np.array([3.0, 1.0]),
                                               "without": np.array([0.0, 1.0])},
                                              "the days above")], category="worked example"),
        Part("other scores", 2.0, other_scores, False, category="other numbers"),
        Part("ties", 1.0, ties, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("no_ties", _compared(tie=0.0), "a tie counts one half"),
        Mistake("full_ties", _compared(tie=1.0), "a tie counts one half, not one"),
        Mistake("turned", _compared(turned=True),
                "a day *with* an order should score higher: this counts the pairs where it is "
                "lower"),
        Mistake("fold", _compared(result="fold"),
                "an area below one half is bad, not good: do not turn it over"),
        Mistake("gini", _compared(result="gini"), "this is 2 A - 1; A is asked"),
        Mistake("sum", _compared(result="sum"),
                "this is Mann and Whitney's U: divide by the number of pairs"),
        Mistake("same_place", _same_place,
                "each day with an order is compared with *every* day without one"),
        Mistake("accuracy", _accuracy, "this is a share of right answers at one threshold"),
    ],
)  # fmt: skip

# -------------------------------------------------------------------------------- 5 fair_auc


def reference_fair(features, day, label):
    return _judge(features, day, label)


def _judge(features, day, label, split="days", fold=False, unit="day", odd=1, middle=np.mean,
           turned=False):
    features, day, label = (np.asarray(x) for x in (features, day, label))
    train = (day % 2 != odd) if split == "days" else np.arange(len(day)) % 2 != odd
    far = ((features[~train][:, None] - features[train])**2).sum(axis=2)
    score = label[train][far.argmin(axis=1)].astype(float)
    days, kind = day[~train], label[~train]
    if unit == "day":
        names = np.unique(days)
        score = np.array([middle(score[days == one]) for one in names])
        kind = np.array([kind[days == one][0] for one in names])
    value = auc(score[kind == 1], score[kind == 0])
    value = 1 - value if turned else value
    return max(value, 1 - value) if fold else value


def _by_mean_window(features, day, label):
    features, day, label = (np.asarray(x) for x in (features, day, label))
    days = np.unique(day)
    return _judge(np.array([features[day == one].mean(axis=0) for one in days]), days,
                  np.array([label[day == one][0] for one in days]))


def _leave_one_out(features, day, label):
    features, day, label = (np.asarray(x) for x in (features, day, label))
    score, kind = [], []
    for one in np.unique(day):
        own = day == one
        far = ((features[own][:, None] - features[~own])**2).sum(axis=2)
        score.append(label[~own][far.argmin(axis=1)].mean())
        kind.append(label[own][0])
    score, kind = np.array(score), np.array(kind)
    return auc(score[kind == 1], score[kind == 0])


def _bugged(**how):
    def wrong(features, day, label):
        return _judge(features, day, label, **how)

    return wrong


def _windows(rng, days, windows, signal=0.0):
    """Days with a fingerprint of their own, which is all that most windows tell."""
    label = rng.permutation(np.repeat([0, 0, 1, 1], days // 4 + 1)[:days])
    label[:4] = [0, 1, 1, 0]  # both kinds among even and odd days
    mark = rng.normal(size=(days, 3)) + signal * label[:, None]
    rows = np.repeat(mark, windows, axis=0) + 0.3 * rng.normal(size=(days * windows, 3))
    return {"features": rows.round(3), "day": np.repeat(np.arange(days), windows),
            "label": np.repeat(label, windows)}


def _days_of(rng, days, windows, signal=0.0, low=0.0, high=1.0):
    """Days on which the fair area lies within bounds, so that each mistake shows."""
    while True:
        given = _windows(rng, days, windows, signal)
        if low <= reference_fair(**given) <= high:
            return given


def other_days(rng):
    return [Case(_days_of(rng, 20, 5, high=0.42), "20 days without a signal"),
            Case(_days_of(rng, 24, 4, 0.8, low=0.55, high=0.9), "24 days with one")]


def mixed_days(rng):
    given = _days_of(rng, 16, 3, 0.4, low=0.3, high=0.7)
    order = rng.permutation(len(given["day"]))[8:]  # and days of unequal length
    return [Case({name: values[order] for name, values in given.items()}, "rows shuffled"),
            Case(_days_of(rng, 10, 6, high=0.4), "below one half")]


FOUR_DAYS = {"features": np.array([[0.0], [0.1], [2.0], [2.1], [1.0], [1.1], [0.5], [0.51]]),
             "day": np.array([0, 0, 1, 1, 2, 2, 3, 3]),
             "label": np.array([1, 1, 1, 1, 0, 0, 0, 0])}

UNEQUAL = {"features": np.array([[0.9], [0.3], [0.0], [1.2], [0.1], [1.0], [1.1], [0.2], [0.8],
                                 [0.05]]),
           "day": np.array([1, 3, 0, 5, 1, 2, 7, 0, 5, 1]),
           "label": np.array([1, 0, 1, 0, 1, 0, 1, 1, 0, 1])}

FAIR_AUC = Check(
    name="fair_auc",
    title="Find the bug: the detector that finds orders where there are none",
    reference=reference_fair,
    tolerance=EXACT,
    reread='"Find the bug": the four days by hand',
    parts=[
        Part("four days by hand, and six of unequal length", 1.0, [
            Case(FOUR_DAYS, "the four days above"),
            Case(UNEQUAL, "six days, windows in any order")], category="worked example"),
        Part("other days", 3.0, other_days, False, category="other numbers"),
        Part("windows in any order, a detector worse than a coin", 1.0, mixed_days, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("colleague", _bugged(split="rows", fold=True, unit="window"),
                "this is still the colleague's number"),
        Mistake("split", _bugged(fold=True),
                "one of two: an area below one half is still turned over"),
        Mistake("split_windows", _bugged(fold=True, unit="window"),
                "days are apart now; but an area below one half is still turned over, and it "
                "still counts windows in place of days"),
        Mistake("same_day", _bugged(split="rows"),
                "windows of one day are still on both sides"),
        Mistake("windows", _bugged(unit="window"),
                "the unit is the day: one score for each test day, the mean of its windows"),
        Mistake("odd_days", _bugged(odd=0), "learn from even days and test on odd ones"),
        Mistake("swapped", _bugged(turned=True),
                "`auc` takes the days with an order first: these areas are 1 less what is asked"),
        Mistake("sum_of_windows", _bugged(middle=np.sum),
                "the score of a day is the mean of its windows: a sum favours the day with more"),
        Mistake("middle_window", _bugged(middle=np.median),
                "the score of a day is the mean of its windows, not their median"),
        Mistake("majority", _bugged(middle=lambda one: float(np.mean(one) > 0.5)),
                "the score of a day is the mean of its windows: a vote of them throws away how "
                "clear it was"),
        Mistake("mean_window", _by_mean_window,
                "the detector looks at windows; only their scores are averaged, not their "
                "features"),
        Mistake("leave_one_out", _leave_one_out,
                "this learns from all other days and judges all; learn from even days and judge "
                "odd ones"),
        Mistake("best_window", _bugged(middle=np.max),
                "the score of a day is the mean of its windows, not the largest"),
    ],
)  # fmt: skip

CHECKS = [TAPE_ROW, AREA, FAIR_AUC]
