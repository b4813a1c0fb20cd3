"""Exercises 6 and 7 of lesson 03: branching from counts, rates by queue length."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9,
                  why="plain arithmetic: only the order of summing may differ")

# --------------------------------------------------------------------------- 6 branching


def _ratio(mean, variance):
    return 0.0 if variance <= mean else float(1 - np.sqrt(mean / variance))


def _table(counts, per_part):
    parts = len(counts) // per_part
    return np.asarray(counts[: parts * per_part], float).reshape(parts, per_part)


def reference_branching(counts, per_part):
    table = _table(counts, per_part)
    return _ratio(table.mean(), table.var(axis=1, ddof=1).mean())


def _colleague(counts, per_part):
    return _ratio(np.mean(counts), np.var(counts, ddof=1))


def _ddof(counts, per_part):
    table = _table(counts, per_part)
    return _ratio(table.mean(), table.var(axis=1).mean())


def _mean_of_ratios(counts, per_part):
    return float(np.mean([_ratio(row.mean(), row.var(ddof=1)) for row in _table(counts, per_part)]))


def _mean_fano(counts, per_part):
    table = _table(counts, per_part)
    means = table.mean(axis=1)
    usable = means > 0
    fano = (table.var(axis=1, ddof=1)[usable] / means[usable]).mean() if usable.any() else 0.0
    return _ratio(1.0, fano)


def _scattered(counts, per_part):
    """Parts of windows that lie far apart: the table reshaped the wrong way round."""
    used = _table(counts, per_part).ravel()
    table = used.reshape(per_part, -1)
    return _ratio(used.mean(), table.var(axis=0, ddof=1).mean())


def _between(counts, per_part):
    means = _table(counts, per_part).mean(axis=1)
    return _ratio(means.mean(), means.var(ddof=1)) if len(means) > 1 else 0.0


def _no_root(counts, per_part):
    table = _table(counts, per_part)
    mean, variance = table.mean(), table.var(axis=1, ddof=1).mean()
    return 0.0 if variance <= mean else float(1 - mean / variance)


def _negative(counts, per_part):
    table = _table(counts, per_part)
    variance = table.var(axis=1, ddof=1).mean()
    return float(1 - np.sqrt(table.mean() / variance)) if variance > 0 else float("-inf")


def random_days(rng):
    cases = []
    for parts, per_part, left in ((6, 5, 0), (4, 8, 3)):
        level = rng.uniform(10, 200, parts).repeat(per_part)
        level = np.append(level, level[:left])
        counts = np.maximum(0, rng.normal(level, 2.5 * np.sqrt(level))).astype(int)
        cases.append(Case({"counts": counts, "per_part": per_part}))
    return cases


BRANCHING = Check(
    name="branching",
    title="Branching from counts, without the curve of the day",
    kind="function",
    reference=reference_branching,
    tolerance=EXACT,
    reread='"A market near explosion?": the two parts worked by hand',
    parts=[
        Part("two parts by hand", 1.0, [
            Case({"counts": np.array([2, 4, 6, 12, 18, 24]), "per_part": 3}, "0.2584"),
        ], True, category="worked example"),
        Part("other days", 2.0, random_days, False, category="other numbers", partial=True),
        Part("calm counts, windows left over", 1.0, [
            Case({"counts": np.array([10, 10, 11, 50, 51, 51]), "per_part": 3}),
            Case({"counts": np.array([1, 9, 2, 30, 90, 10, 700, 4]), "per_part": 3}),
        ], False, category="edge cases"),  # not partial: who always returns 0 earns nothing
    ],
    mistakes=[
        Mistake("colleague", _colleague,
                "this is the colleague's number: the variance of the whole day holds the curve of "
                "the day"),
        Mistake("ddof", _ddof,
                "you divide by the number of windows; asked is the sample variance (one less), "
                "which matters in short parts"),
        Mistake("mean_of_ratios", _mean_of_ratios,
                "you average the branching ratios of the parts; average the variances first, then "
                "take one root"),
        Mistake("mean_fano", _mean_fano,
                "you average the Fano factors of the parts; average the variances and take one "
                "mean of all windows"),
        Mistake("scattered", _scattered,
                "the windows of your parts are not neighbours; reshape to (parts, per_part) and "
                "take the variance along axis 1"),
        Mistake("between", _between,
                "you take the variance of the parts' means; that is the curve of the day alone"),
        Mistake("no_root", _no_root, "the root is missing: the Fano factor is 1 / (1 - n)^2"),
        Mistake("negative", _negative,
                "where the variance is not above the mean there is no sign of excitement: 0.0"),
    ],
)

# --------------------------------------------------------------------------- 7 queue_rates


def _waits(time_s, horizon_s):
    return np.diff(np.concatenate([[0.0], time_s, [horizon_s]]))


def _over(length, joined, exposure, longest):
    found = []
    for kind in (joined, ~joined):
        events = np.bincount(length[kind], minlength=longest + 1)
        rate = np.full(longest + 1, np.nan)
        found.append(np.divide(events, exposure, out=rate, where=exposure > 0))
    return tuple(found)


def _after(length, joined):
    return length + np.where(joined, 1, -1)


def reference_rates(time_s, length, joined, horizon_s, longest):
    lengths = np.append(length, _after(length, joined)[-1])
    exposure = np.bincount(lengths, _waits(time_s, horizon_s), longest + 1)
    return _over(length, joined, exposure, longest)


def _share_of_events(time_s, length, joined, horizon_s, longest):
    return _over(length, joined, np.bincount(length, minlength=longest + 1) * 1.0, longest)


def _whole_window(time_s, length, joined, horizon_s, longest):
    return _over(length, joined, np.full(longest + 1, float(horizon_s)), longest)


def _no_last_wait(time_s, length, joined, horizon_s, longest):
    exposure = np.bincount(length, _waits(time_s, horizon_s)[:-1], longest + 1)
    return _over(length, joined, exposure, longest)


def _wait_after(time_s, length, joined, horizon_s, longest):
    exposure = np.bincount(length, _waits(time_s, horizon_s)[1:], longest + 1)
    return _over(length, joined, exposure, longest)


def _wait_before(time_s, length, joined, horizon_s, longest):
    lengths = np.append(_after(length, joined), _after(length, joined)[-1])
    exposure = np.bincount(lengths, _waits(time_s, horizon_s), longest + 1)
    return _over(length, joined, exposure, longest)


def _no_zero(time_s, length, joined, horizon_s, longest):
    found = reference_rates(time_s, length, joined, horizon_s, longest)
    return tuple(np.where(x > 0, x, np.nan) for x in found)


def _length_after(time_s, length, joined, horizon_s, longest):
    lengths = np.append(length, _after(length, joined)[-1])
    exposure = np.bincount(lengths, _waits(time_s, horizon_s), longest + 1)
    return _over(_after(length, joined), joined, exposure, longest)


def _swapped(time_s, length, joined, horizon_s, longest):
    return reference_rates(time_s, length, joined, horizon_s, longest)[::-1]


def _zero(time_s, length, joined, horizon_s, longest):
    found = reference_rates(time_s, length, joined, horizon_s, longest)
    return tuple(np.nan_to_num(x) for x in found)


def followed(rng, events, longest):
    queue, now, rows = 2, 0.0, []
    for _ in range(events):
        now += float(rng.exponential(0.3 + 0.1 * queue))
        up = queue == 0 or (queue < longest - 1 and rng.random() < 0.5)
        rows.append((now, queue, up))
        queue += 1 if up else -1
    time_s, length, joined = (np.array(x) for x in zip(*rows, strict=True))
    return {"time_s": time_s, "length": length, "joined": joined, "horizon_s": now + 1.5,
            "longest": longest}


def random_paths(rng):
    return [Case(followed(rng, 40, 5)), Case(followed(rng, 150, 7))]


FOUR = {"time_s": np.array([1.0, 3.0, 4.0, 8.0]), "length": np.array([1, 2, 1, 0]),
        "joined": np.array([True, False, False, True]), "horizon_s": 10.0, "longest": 2}

QUEUE_RATES = Check(
    name="queue_rates",
    title="Rates by queue length",
    kind="function",
    reference=reference_rates,
    tolerance=EXACT,
    reread='"Queues that react": the four events worked by hand',
    parts=[
        Part("four events by hand", 2.0, [Case(FOUR, "the two tables above")], True,
             category="worked example"),
        Part("other queues", 2.0, random_paths, False, category="other numbers", partial=True),
        Part("lengths never seen, a single event", 1.0, [
            Case({"time_s": np.array([1.0, 3.0, 4.0]), "length": np.array([1, 2, 1]),
                  "joined": np.array([True, False, False]), "horizon_s": 10.0, "longest": 4}),
            Case({"time_s": np.array([2.0]), "length": np.array([3]), "joined": np.array([False]),
                  "horizon_s": 2.5, "longest": 3}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("share_of_events", _share_of_events,
                "these are shares of events; a rate is events over the time in which they could "
                "have happened"),
        Mistake("whole_window", _whole_window,
                "you divide by the whole window; only the time at that length counts"),
        Mistake("no_last_wait", _no_last_wait,
                "the time from the last event to the horizon is missing; nothing happened in it, "
                "and that is data"),
        Mistake("wait_after", _wait_after,
                "you give the wait after an event to the length before it; before an event the "
                "queue had that length, after it another"),
        Mistake("wait_before", _wait_before,
                "you give the wait before an event to the length after it; until the event the "
                "queue had the length before"),
        Mistake("no_zero", _no_zero,
                "a length that was there and saw no such event has rate 0; NaN is for one that "
                "the queue never had"),
        Mistake("length_after", _length_after,
                "you count events at the length they led to; the rate belongs to the length they "
                "met"),
        Mistake("swapped", _swapped, "up and down are swapped"),
        Mistake("zero", _zero,
                "a length that was never seen has no rate: NaN, not 0 (nobody could look)"),
    ],
)

CHECKS = [BRANCHING, QUEUE_RATES]
