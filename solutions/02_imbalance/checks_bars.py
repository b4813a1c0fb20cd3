"""Exercises 3 to 5 and 7 of lesson 02: bars, R2 out of sample, hits, the known signal."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of summing may differ")
LINE = Tolerance(rtol=1e-6, atol=1e-8, why="least squares by any method agrees to six digits")

# --------------------------------------------------------------------------- 3 make_bars


def reference_bars(time_s, mid, flow, obi, edges):
    return _bars(time_s, mid, flow, obi, edges)


def _bars(time_s, mid, flow, obi, edges, side="right", end=False):
    row = np.maximum(np.searchsorted(time_s, edges, side=side) - 1, 0)
    total = np.cumsum(flow)
    return np.diff(mid[row]), np.diff(total[row]), obi[row[1:]] if end else obi[row[:-1]]


def _left(time_s, mid, flow, obi, edges):
    return _bars(time_s, mid, flow, obi, edges, side="left")


def _left_unguarded(time_s, mid, flow, obi, edges):
    """As `_left`, with the row -1 of an edge at the first change read as the last row."""
    row = np.searchsorted(time_s, edges, side="left") - 1
    return np.diff(mid[row]), np.diff(np.cumsum(flow)[row]), obi[row[:-1]]


def _end(time_s, mid, flow, obi, edges):
    return _bars(time_s, mid, flow, obi, edges, end=True)


def _within(time_s, mid, flow, obi, edges):
    """First to last change inside a bar: the step into the bar is lost."""
    move, ofi, obi_start = _bars(time_s, mid, flow, obi, edges)
    move = move.copy()
    for k in range(len(move)):
        inside = (time_s > edges[k]) & (time_s <= edges[k + 1])
        move[k] = mid[inside][-1] - mid[inside][0] if inside.any() else 0.0
    return move, ofi, obi_start


def _inside_only(time_s, mid, flow, obi, edges):
    """Everything from the changes inside a bar, as a group-by does it."""
    number = np.searchsorted(edges, time_s, side="left") - 1
    rows = []
    for k in range(len(edges) - 1):
        inside = np.flatnonzero(number == k)
        rows.append((mid[inside[-1]] - mid[inside[0]], flow[inside].sum(), obi[inside[0]])
                    if len(inside) else (0.0, 0.0, 0.0))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def _with_start(time_s, mid, flow, obi, edges):
    move, _, obi_start = _bars(time_s, mid, flow, obi, edges)
    ofi = np.array([flow[(time_s >= a) & (time_s <= b)].sum()
                    for a, b in zip(edges[:-1], edges[1:], strict=True)])
    return move, ofi, obi_start


FIVE = {"time_s": np.array([0.0, 4, 10, 13, 27]), "mid": np.array([100, 100, 101, 101, 99.5]),
        "flow": np.array([0.0, 50, 80, -20, -90]), "obi": np.array([0.2, 0.6, -0.4, -0.5, 0.1]),
        "edges": np.array([0.0, 10, 20, 30])}


def random_bars(rng):
    cases = []
    for n in (40, 150):
        time = np.cumsum(rng.integers(0, 5, n)).astype(float)
        mid = 2000 + np.cumsum(rng.integers(-1, 2, n)) / 2
        cases.append(Case({
            "time_s": time, "mid": mid, "flow": rng.integers(-500, 500, n).astype(float),
            "obi": np.round(rng.uniform(-1, 1, n), 3),
            "edges": np.arange(time[0], time[-1] + 1, 7.0)}, f"{n} changes, bars of seven seconds"))
    return cases


MAKE_BARS = Check(
    name="make_bars",
    title="Bars that know their time",
    kind="function",
    reference=reference_bars,
    tolerance=EXACT,
    reread='"Explaining and foretelling": the five changes worked by hand',
    parts=[
        Part("five changes by hand", 2.0, [Case(FIVE, "the tables above")], True,
             category="worked example"),
        Part("streams of your own", 2.0, random_bars, False, category="other numbers",
             partial=True),
        Part("bars without a change, equal times", 1.0, [
            Case({"time_s": np.array([1.0, 50.0]), "mid": np.array([10.0, 12.0]),
                  "flow": np.array([0.0, 9.0]), "obi": np.array([0.5, -0.5]),
                  "edges": np.array([2.0, 3.0, 4.0, 60.0])}),
            Case({"time_s": np.array([0.0, 5, 5, 5, 9]), "mid": np.array([1.0, 2, 3, 4, 5]),
                  "flow": np.array([0.0, 1, 2, 4, 8]), "obi": np.array([0.0, 0.1, 0.2, 0.3, 0.4]),
                  "edges": np.array([0.0, 5.0, 10.0])}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("left", _left,
                "a change at the very edge of a bar belongs to the bar that ends there; take the "
                "last change at or before the edge"),
        Mistake("left_unguarded", _left_unguarded,
                "a change at the very edge of a bar belongs to the bar that ends there; yours goes "
                "to the next bar, and at the first edge your row is -1, the last one"),
        Mistake("end", _end,
                "you return the imbalance at the end of the bar, which nobody knew at its start: "
                "that is look-ahead"),
        Mistake("within", _within,
                "you compare the first with the last change inside the bar; the move begins at the "
                "state in force at the bar's start, which came before"),
        Mistake("inside_only", _inside_only,
                "you look only at the changes inside a bar; its move and its opening imbalance "
                "start from the state in force at its start, which came before"),
        Mistake("with_start", _with_start,
                "a change at the very start of a bar is counted in two bars; its flow belongs to "
                "the bar before"),
    ],
)

# --------------------------------------------------------------------------- 4 out_of_sample


def reference_out_of_sample(y, x, n_train, gap):
    slope, level = np.polyfit(x[:n_train], y[:n_train], 1)
    later = slice(n_train + gap, None)
    errors = y[later] - level - slope * x[later]
    return float(1 - errors @ errors / ((y[later] - y[:n_train].mean()) ** 2).sum())


def _own_mean(y, x, n_train, gap):
    slope, level = np.polyfit(x[:n_train], y[:n_train], 1)
    later = slice(n_train + gap, None)
    errors = y[later] - level - slope * x[later]
    return 1 - errors @ errors / ((y[later] - y[later].mean()) ** 2).sum()


def _correlation(y, x, n_train, gap):
    later = slice(n_train + gap, None)
    return np.corrcoef(x[later], y[later])[0, 1] ** 2


def _in_sample(y, x, n_train, gap):
    return np.corrcoef(x[:n_train], y[:n_train])[0, 1] ** 2


def _no_gap(y, x, n_train, gap):
    return reference_out_of_sample(y, x, n_train, 0)


def _through_zero(y, x, n_train, gap):
    slope = x[:n_train] @ y[:n_train] / (x[:n_train] @ x[:n_train])
    later = slice(n_train + gap, None)
    errors = y[later] - slope * x[later]
    return 1 - errors @ errors / ((y[later] - y[:n_train].mean()) ** 2).sum()


def _fit_on_all(y, x, n_train, gap):
    slope, level = np.polyfit(x, y, 1)
    later = slice(n_train + gap, None)
    errors = y[later] - level - slope * x[later]
    return 1 - errors @ errors / ((y[later] - y[:n_train].mean()) ** 2).sum()


def random_samples(rng):
    cases = []
    for n, gap in ((60, 0), (90, 12)):
        x = rng.normal(size=n)
        y = 0.4 * x + rng.normal(size=n) + np.linspace(0, 1, n)
        cases.append(Case({"y": y, "x": x, "n_train": n // 2, "gap": gap}, f"{n} rows, gap {gap}"))
    return cases


OUT_OF_SAMPLE = Check(
    name="out_of_sample",
    title="R2 of rows not seen",
    kind="function",
    reference=reference_out_of_sample,
    tolerance=LINE,
    reread='"Out of sample, with honest errors": the five points worked by hand',
    parts=[
        Part("five points by hand", 1.0, [
            Case({"y": np.array([1.0, 2, 3, 4, 3]), "x": np.array([0.0, 1, 2, 3, 4]), "n_train": 3,
                  "gap": 0}, "the numbers above")], True, category="worked example"),
        Part("a line that misleads, and a gap", 1.0, [
            Case({"y": np.array([1.0, 2, 3, 4, 9, 9, 2, 1]), "x": np.arange(8.0), "n_train": 4,
                  "gap": 2}, "the price turns; two rows are left out")], True,
             category="negative values"),
        Part("samples of your own", 2.0, random_samples, False, category="other numbers",
             partial=True),
    ],
    mistakes=[
        Mistake("own_mean", _own_mean,
                "the mean in the denominator is that of the test rows, which nobody knew; take the "
                "mean of the training rows"),
        Mistake("correlation", _correlation,
                "you return a squared correlation of the test rows, which is never negative; judge "
                "the line that was fitted before"),
        Mistake("in_sample", _in_sample, "this is the R2 of the training rows"),
        Mistake("fit_on_all", _fit_on_all,
                "the line is fitted to all rows; only the first n_train may be used"),
        Mistake("through_zero", _through_zero,
                "your line has no intercept; it is forced through 0"),
        Mistake("no_gap", _no_gap, "the rows of the gap are judged, too; leave them out"),
    ],
)

# --------------------------------------------------------------------------- 5 hits


def reference_hits(mid, obi):
    states, votes, direction = [], [], 0.0
    for i in range(len(mid) - 2, -1, -1):
        step = mid[i + 1] - mid[i]
        direction = np.sign(step) if step else direction
        if direction and obi[i]:
            states.append(np.sign(obi[i]) == direction)
            if step:
                votes.append(states[-1])
    return tuple(float(np.mean(v)) if v else float("nan") for v in (states, votes))


def _misses_for_none(mid, obi):
    states, votes, direction = [], [], 0.0
    for i in range(len(mid) - 1, -1, -1):
        step = mid[i + 1] - mid[i] if i + 1 < len(mid) else 0.0
        direction = np.sign(step) if step else direction
        states.append(bool(obi[i]) and np.sign(obi[i]) == direction)
        if step:
            votes.append(states[-1])
    return tuple(float(np.mean(v)) if v else float("nan") for v in (states, votes))


def _balanced_misses(mid, obi):
    """As asked, but a state without a lean that waits for a move is a miss."""
    states, votes, direction = [], [], 0.0
    for i in range(len(mid) - 2, -1, -1):
        step = mid[i + 1] - mid[i]
        direction = np.sign(step) if step else direction
        if direction:
            states.append(np.sign(obi[i]) == direction)
            if step:
                votes.append(states[-1])
    return tuple(float(np.mean(v)) if v else float("nan") for v in (states, votes))


def _last_move(mid, obi):
    step = np.diff(mid, prepend=mid[0])
    known = (step != 0) & (obi != 0)
    hit = np.sign(obi[known]) == np.sign(step[known])
    return (float(hit.mean()),) * 2 if known.any() else (float("nan"),) * 2


def _first_state_votes(mid, obi):
    per_state = reference_hits(mid, obi)[0]
    step, votes = np.diff(mid), []
    for first, last in zip(np.concatenate([[0], np.flatnonzero(step) + 1]),
                           np.flatnonzero(step), strict=False):
        if obi[first]:
            votes.append(np.sign(obi[first]) == np.sign(step[last]))
    return per_state, float(np.mean(votes)) if votes else float("nan")


def _last_lean_votes(mid, obi):
    """A balanced last state hands the vote on to the last one before it that leans."""
    votes, direction, waiting = [], 0.0, False
    for i in range(len(mid) - 2, -1, -1):
        step = mid[i + 1] - mid[i]
        direction, waiting = (np.sign(step), True) if step else (direction, waiting)
        if waiting and obi[i]:
            votes.append(np.sign(obi[i]) == direction)
            waiting = False
    return reference_hits(mid, obi)[0], float(np.mean(votes)) if votes else float("nan")


def _last_states_only(mid, obi):
    return (reference_hits(mid, obi)[1],) * 2


def _swapped(mid, obi):
    return reference_hits(mid, obi)[::-1]


def _against(mid, obi):
    return tuple(1 - share for share in reference_hits(mid, obi))


def random_books(rng):
    cases = []
    for n in (50, 200):
        mid = 1000 + np.cumsum(np.where(rng.random(n) < 0.25, rng.choice([-0.5, 0.5, 1.0], n), 0.0))
        obi = np.where(rng.random(n) < 0.1, 0.0, np.round(rng.uniform(-1, 1, n), 2))
        cases.append(Case({"mid": mid, "obi": obi}, f"{n} states"))
    return cases


HITS = Check(
    name="hits",
    title="Hits per state and per move",
    kind="function",
    reference=reference_hits,
    tolerance=EXACT,
    reread='"Hits": the five states worked by hand',
    parts=[
        Part("five states by hand", 1.0, [
            Case({"mid": np.array([100.0, 100, 100, 101, 100.5]),
                  "obi": np.array([0.2, 0.5, -0.1, -0.6, 0.3])}, "the table above")], True,
             category="worked example"),
        Part("balanced books", 1.0, [
            Case({"mid": np.array([5.0, 5, 6, 6, 7, 7]),
                  "obi": np.array([0.4, 0.0, 0.0, -0.2, 0.9, 0.9])},
                 "states of imbalance 0 do not count")], True, category="balanced books"),
        Part("paths of your own", 1.0, random_books, False, category="other numbers",
             partial=True),
        Part("no move, no lean", 1.0, [
            Case({"mid": np.array([5.0, 5, 5]), "obi": np.array([0.1, 0.2, 0.3])}),
            Case({"mid": np.array([5.0, 6, 5]), "obi": np.array([0.0, 0.0, 0.0])}),
            Case({"mid": np.array([5.0, 5.0, 5.5]), "obi": np.array([0.5, 0.0, 0.0])}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("misses_for_none", _misses_for_none,
                "states without a lean, or without a move after them, do not count; you count them "
                "as misses"),
        Mistake("balanced_misses", _balanced_misses,
                "a state with imbalance 0 says nothing and does not count; you count it as a miss"),
        Mistake("last_move", _last_move,
                "you compare the imbalance with the move that led to the state; asked is the next "
                "one"),
        Mistake("first_state_votes", _first_state_votes,
                "the vote of a move is the last state before it, not the first"),
        Mistake("last_lean_votes", _last_lean_votes,
                "where the last state before a move has no lean the move has no vote; an earlier "
                "state does not vote in its place"),
        Mistake("last_states_only", _last_states_only,
                "your share per state holds only the states right before a move; every state waits "
                "for the next move, whenever it comes"),
        Mistake("swapped", _swapped, "you return (per move, per state); the order is turned round"),
        Mistake("against", _against, "you count misses as hits; a heavier bid says up"),
    ],
)

# --------------------------------------------------------------------------- 7 known_signal


def reference_known(flow):
    signal = np.full(len(flow), np.nan)
    for k in range(2, len(flow)):
        known = flow[:k]
        if known.std() > 0:
            signal[k] = (known[-1] - known.mean()) / known.std()
    return signal


def _colleague(flow):
    return (flow - flow.mean()) / flow.std() if flow.std() > 0 else np.full(len(flow), np.nan)


def _this_bar(flow):
    signal = np.full(len(flow), np.nan)
    for k in range(2, len(flow)):
        if flow[:k].std() > 0:
            signal[k] = (flow[k] - flow[:k].mean()) / flow[:k].std()
    return signal


def _bar_in_mean(flow):
    signal = np.full(len(flow), np.nan)
    for k in range(2, len(flow)):
        if flow[:k + 1].std() > 0:
            signal[k] = (flow[k - 1] - flow[:k + 1].mean()) / flow[:k + 1].std()
    return signal


def _days_mean(flow):
    signal = np.full(len(flow), np.nan)
    if len(flow) > 2 and flow.std() > 0:
        signal[2:] = (flow[1:-1] - flow.mean()) / flow.std()
    return signal


def _shifted(flow):
    return np.append(np.nan, _colleague(flow)[:-1])


def _ddof(flow):
    signal = np.full(len(flow), np.nan)
    for k in range(2, len(flow)):
        if flow[:k].std() > 0:
            signal[k] = (flow[k - 1] - flow[:k].mean()) / flow[:k].std(ddof=1)
    return signal


def random_flows(rng):
    return [Case({"flow": rng.normal(0, 400, n).round()}, f"{n} bars") for n in (12, 40)]


KNOWN_SIGNAL = Check(
    name="known_signal",
    title="Find the bug: a signal of what was known",
    kind="function",
    reference=reference_known,
    tolerance=LINE,
    reread='"A result too good": the four bars worked by hand',
    parts=[
        Part("four bars by hand", 1.0, [Case({"flow": np.array([10.0, 30, 50, -90])},
                                             "the table above")], True,
             category="worked example"),
        Part("flows of your own", 2.0, random_flows, False, category="other numbers",
             partial=True),
        Part("too few or equal flows", 1.0, [
            Case({"flow": np.array([7.0])}), Case({"flow": np.array([5.0, 5.0, 5.0, 6.0, 1.0])}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("colleague", _colleague,
                "this is the colleague's signal: the bar's own flow, and mean and spread of a day "
                "that has not happened yet"),
        Mistake("this_bar", _this_bar,
                "the flow of bar k itself is complete only at its end; use the bar before"),
        Mistake("days_mean", _days_mean,
                "the flow is the right one, but mean and standard deviation are those of the whole "
                "day: one leak is left"),
        Mistake("shifted", _shifted,
                "you shift the colleague's signal by one bar; that mends the flow, but mean and "
                "standard deviation are still those of the whole day"),
        Mistake("bar_in_mean", _bar_in_mean,
                "mean and standard deviation contain the flow of the bar that begins; use flow[:k]"),
        Mistake("ddof", _ddof,
                "you divide by n - 1; asked is NumPy's standard deviation, which divides by n"),
    ],
)

CHECKS = [MAKE_BARS, OUT_OF_SAMPLE, HITS, KNOWN_SIGNAL]
