"""Exercise 1 of lesson 12: labels of the next move that nothing knows beforehand."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")


def reference_labels(mid, horizon, learn, flat):
    return _labels(mid, horizon, learn, flat)


def _labels(mid, horizon, learn, flat, against="now", ahead="mean", whole_day=False, overlap="cut",
            tie=False, unknown=-1, turned=False, signed=False, ends=True, late=0, scaled=False,
            start=False, after=False, moving=False, coded=False):
    mid, n = np.asarray(mid, dtype=float), len(mid)
    move = np.full(n, np.nan)
    for t in range(n - horizon):
        future = {"mean": mid[t + 1:t + horizon + 1].mean(), "last": mid[t + horizon],
                  "with_now": mid[t:t + horizon].mean()}[ahead]
        past = mid[t] if against == "now" else mid[max(t + 1 - horizon, 0):t + 1].mean()
        move[t] = (future - past) / (past if scaled else 1)
    known = np.isfinite(move)
    crosses = np.zeros(n, bool)
    crosses[max(learn - horizon + late, 0):learn] = True
    seen = known & ((np.arange(n) < learn) | whole_day)
    if overlap not in ("measured", "threshold"):
        seen &= ~crosses
    size = move[seen] if signed else np.abs(move[seen])
    threshold = float(np.quantile(size, 1 - flat if moving else flat))
    up = move >= threshold if tie else move > threshold
    down = move <= -threshold if tie else move < -threshold
    labels = np.ones(n, dtype=int)
    labels[up & known], labels[down & known] = (0, 2) if turned else (2, 0)
    if ends:
        labels[~known] = unknown
    if overlap != "kept" and overlap != "measured":
        labels[crosses] = unknown
    if start:
        labels[:horizon - 1] = unknown
    if after:
        labels[learn:learn + horizon] = unknown
    return labels - 1 if coded else labels, threshold


def _wrong_labels(**how):
    def wrong(mid, horizon, learn, flat):
        return _labels(mid, horizon, learn, flat, **how)

    return wrong


def _day(rng, n, horizon, learn, flat, calm=1.0):
    """A mid in half ticks; after the cut it moves `calm` times as much.

    Horizons are powers of two, for which means of half ticks are exact: many moves are equal to
    the threshold, and no right way of adding may put them on the other side of it.
    """
    while True:
        step = rng.normal(0, 1, n)
        step[learn:] *= calm
        day = {"mid": 5_000 + np.round(2 * np.cumsum(step)) / 2, "horizon": horizon,
               "learn": learn, "flat": flat}
        # rows that cross the cut must matter to the threshold, or nobody is told about them
        if learn == n or _labels(**day)[1] != _labels(**day, overlap="threshold")[1]:
            return day


def other_days(rng):
    return [Case(_day(rng, 90, 4, 60, 0.4, 2.0), "a wilder day after the cut"),
            Case(_day(rng, 120, 8, 70, 0.25, 0.5), "a calmer one")]


def odd_days(rng):
    still = {"mid": 200.0 + rng.integers(0, 2, 40), "horizon": 1, "learn": 25, "flat": 0.6}
    return [Case(still, "one row ahead, many moves of the same size"),
            Case(_day(rng, 50, 8, 50, 0.3), "nothing is judged"),
            Case(_day(rng, 60, 16, 25, 0.7, 3.0), "a short part to learn from")]


TEN = {"mid": np.array([100.0, 101.0, 103.0, 102.0, 104.0, 104.0, 101.0, 103.0, 102.0, 100.0]),
       "horizon": 2, "learn": 6, "flat": 0.5}

LABELS = Check(
    name="labels",
    title="Find the bug: a label that is half known",
    reference=reference_labels,
    tolerance=EXACT,
    reread='"What does the book foretell": ten mids by hand',
    parts=[
        Part("ten mids by hand", 1.0, [Case(TEN, "the mids above")],
             category="worked example"),
        Part("other days", 3.0, other_days, False, category="other numbers"),
        Part("ties, and parts without a rest", 2.0, odd_days, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("half_known", _wrong_labels(against="past"),
                "against a mean of the past, half of the label has happened before anybody acts: "
                "measure from the mid now"),
        Mistake("whole_day", _wrong_labels(whole_day=True),
                "the threshold is measured on rows that are learned from, and on no others"),
        Mistake("overlap", _wrong_labels(overlap="kept"),
                "the last rows to learn from have a horizon that reaches into the rows to judge "
                "by: they are -1"),
        Mistake("overlap_measured", _wrong_labels(overlap="measured"),
                "rows whose horizon crosses the cut have no label, and do not set the threshold "
                "either"),
        Mistake("overlap_threshold", _wrong_labels(overlap="threshold"),
                "rows whose horizon crosses the cut do not set the threshold either"),
        Mistake("off_by_one", _wrong_labels(late=1),
                "row t looks at rows t + 1 to t + k: t + k must be below `learn`"),
        Mistake("last_mid", _wrong_labels(ahead="last"),
                "the *mean* of the next k mids, not the last of them alone"),
        Mistake("with_now", _wrong_labels(ahead="with_now"),
                "the next k mids begin one row after now"),
        Mistake("tie", _wrong_labels(tie=True), "a move of exactly the threshold is flat"),
        Mistake("turned", _wrong_labels(turned=True), "0 is down and 2 is up"),
        Mistake("signed", _wrong_labels(signed=True),
                "the threshold is a quantile of the *sizes* of moves, without their sign"),
        Mistake("flat_end", _wrong_labels(ends=False),
                "the last rows have no whole horizon: nobody knows their label, so it is -1"),
        Mistake("no_past", _wrong_labels(start=True),
                "the first rows need nothing before them: equation 1 looks ahead from the mid now"),
        Mistake("after_the_cut", _wrong_labels(after=True),
                "rows to judge by keep their labels: what they look at lies after the cut"),
        Mistake("share_that_moves", _wrong_labels(moving=True),
                "`flat` is the share that shall be flat, not the share that shall move"),
        Mistake("coded", _wrong_labels(coded=True),
                "labels are 0, 1 and 2, and -1 where there is none"),
        Mistake("unknown_is_flat", _wrong_labels(unknown=1),
                "rows without a label are -1, not flat"),
        Mistake("relative", _wrong_labels(scaled=True),
                "moves and threshold are in ticks: do not divide by the price"),
    ],
)  # fmt: skip

CHECKS = [LABELS]
