"""Exercises 1 and 2 of lesson 02: imbalance of many levels, flow of each change."""

import numpy as np
import pandas as pd

from lobsim import analytics
from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of summing may differ")

# --------------------------------------------------------------------------- 1 imbalance


def sizes(*rows):
    return np.array(rows, dtype=float)


def reference_imbalance(bid_sizes, ask_sizes, decay):
    return analytics.multi_level_imbalance(bid_sizes, ask_sizes, decay=decay)


def _mean_of_levels(bid_sizes, ask_sizes, decay):
    weights = np.exp(-decay * np.arange(bid_sizes.shape[1]))
    total = bid_sizes + ask_sizes
    each = np.divide(bid_sizes - ask_sizes, total, out=np.zeros(total.shape), where=total > 0)
    return each @ weights / weights.sum()


def _reversed_weights(bid_sizes, ask_sizes, decay):
    return reference_imbalance(bid_sizes[:, ::-1], ask_sizes[:, ::-1], decay)


def _share(bid_sizes, ask_sizes, decay):
    return 0.5 * (1 + reference_imbalance(bid_sizes, ask_sizes, decay))


def _unweighted(bid_sizes, ask_sizes, decay):
    return reference_imbalance(bid_sizes, ask_sizes, 0.0)


def _zero_for_empty(bid_sizes, ask_sizes, decay):
    return np.nan_to_num(reference_imbalance(bid_sizes, ask_sizes, decay))


def _asks_first(bid_sizes, ask_sizes, decay):
    return reference_imbalance(ask_sizes, bid_sizes, decay)


BY_HAND = {"bid_sizes": sizes([300, 100], [50, 850], [0, 0]),
           "ask_sizes": sizes([100, 100], [150, 50], [200, 100]), "decay": 0.0}


def random_books(rng):
    cases = []
    for levels, decay in ((5, round(float(rng.uniform(0.2, 0.8)), 2)), (3, 1.5)):
        draw = rng.integers(0, 2000, (2, 6, levels)).astype(float)
        cases.append(Case({"bid_sizes": draw[0], "ask_sizes": draw[1], "decay": decay},
                          f"six books of {levels} levels"))
    return cases


IMBALANCE = Check(
    name="imbalance",
    title="The imbalance of many levels",
    kind="function",
    reference=reference_imbalance,
    tolerance=EXACT,
    reread='"The book as it stands": the three books worked by hand',
    parts=[
        Part("three books by hand", 1.0, [
            Case(BY_HAND, "the table above"),
            Case({**BY_HAND, "decay": 1.0}, "the second level weighs a third of the best"),
        ], True, category="worked example"),
        Part("other books and weights", 1.0, random_books, False, category="other numbers",
             partial=True),
        Part("empty books, one level", 1.0, [
            Case({"bid_sizes": sizes([0, 0], [0, 7]), "ask_sizes": sizes([0, 0], [0, 1]),
                  "decay": 0.3}),
            Case({"bid_sizes": sizes([5], [0], [2]), "ask_sizes": sizes([15], [0], [2]),
                  "decay": 2.0}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("mean_of_levels", _mean_of_levels,
                "you average the imbalances of the levels; a level of one share then counts as "
                "much as one of thousands. Add up the weighted sizes first, then compare"),
        Mistake("reversed_weights", _reversed_weights,
                "your weights grow with the distance; the best level is the first column and has "
                "weight 1"),
        Mistake("share", _share,
                "you return Stoikov's I, from 0 to 1; asked is the imbalance from -1 to 1, 2 I - 1"),
        Mistake("unweighted", _unweighted, "you leave out the weights exp(-d (m - 1))"),
        Mistake("zero_for_empty", _zero_for_empty,
                "a book without any size has no imbalance: return NaN there, not 0"),
        Mistake("asks_first", _asks_first,
                "your sign is turned round: a heavier bid gives a positive imbalance"),
    ],
)

# --------------------------------------------------------------------------- 2 event_flow


def changes(rows):
    """Columns of quotes from (bid, bid size, ask, ask size)."""
    return {name: np.array(column, dtype=float) for name, column in zip(
        ("bid", "bid_size", "ask", "ask_size"), zip(*rows, strict=True), strict=True)}


SEVEN = changes([
    (10.00, 500, 10.02, 300), (10.00, 700, 10.02, 300), (10.00, 700, 10.02, 100),
    (10.01, 100, 10.02, 100), (10.01, 100, 10.03, 400), (10.00, 700, 10.03, 400),
    (10.00, 700, 10.01, 50), (9.99, 900, 10.01, 250),
])
SHIFTED = changes([
    (20.00, 100, 20.01, 900), (20.01, 300, 20.02, 200), (20.00, 50, 20.01, 40),
    (20.00, 90, 20.01, 25), (19.98, 10, 20.04, 10), (20.03, 5, 20.04, 10),
])


def reference_flow(bid, bid_size, ask, ask_size):
    return analytics.order_flow_imbalance(pd.DataFrame(
        {"bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size}))


def _terms(bid, bid_size, ask, ask_size, strict=False, ask_sign=-1.0, behind=False):
    up = bid[1:] > bid[:-1] if strict else bid[1:] >= bid[:-1]
    down = bid[1:] < bid[:-1] if strict else bid[1:] <= bid[:-1]
    lower = ask[1:] < ask[:-1] if strict else ask[1:] <= ask[:-1]
    higher = ask[1:] > ask[:-1] if strict else ask[1:] >= ask[:-1]
    left = np.where(bid[1:] < bid[:-1], bid_size[1:], bid_size[:-1]) if behind else bid_size[:-1]
    flow = np.zeros(len(bid))
    flow[1:] = (np.where(up, bid_size[1:], 0) - np.where(down, left, 0)
                + ask_sign * (np.where(lower, ask_size[1:], 0) - np.where(higher, ask_size[:-1], 0)))
    return flow


def _strict(**quotes):
    return _terms(**quotes, strict=True)


def _ask_as_bid(**quotes):
    return _terms(**quotes, ask_sign=1.0)


def _behind(**quotes):
    return _terms(**quotes, behind=True)


def _fall_positive(bid, bid_size, ask, ask_size):
    """The paper's prose: a bid that falls adds the size that stood there."""
    flow = _terms(bid, bid_size, ask, ask_size)
    fell = bid[1:] < bid[:-1]
    flow[1:] += 2 * np.where(fell, bid_size[:-1], 0)
    return flow


def _size_change(bid, bid_size, ask, ask_size):
    return np.concatenate([[0.0], np.diff(bid_size) - np.diff(ask_size)])


def _ask_not_mirrored(bid, bid_size, ask, ask_size):
    """The signs of the ask part are turned, its inequalities are those of the bid."""
    flow = _terms(bid, bid_size, ask, ask_size, ask_sign=0.0)
    flow[1:] += (np.where(ask[1:] <= ask[:-1], ask_size[:-1], 0)
                 - np.where(ask[1:] >= ask[:-1], ask_size[1:], 0))
    return flow


def _no_first_row(**quotes):
    return _terms(**quotes)[1:]


def _turned(**quotes):
    return -_terms(**quotes)


def random_changes(rng):
    cases = []
    for _ in range(2):
        bid, rows = 5000, []
        for _ in range(60):
            bid += int(rng.integers(-1, 2))
            ask = bid + int(rng.integers(1, 4))
            rows.append((bid / 100, int(rng.integers(1, 900)), ask / 100, int(rng.integers(1, 900))))
        cases.append(Case(changes(rows), "sixty changes"))
    return cases


EVENT_FLOW = Check(
    name="event_flow",
    title="Order-flow imbalance of each change of the best quotes",
    kind="function",
    reference=reference_flow,
    tolerance=EXACT,
    reread='"The book as it changes": the seven changes worked by hand',
    parts=[
        Part("seven changes by hand", 1.0, [Case(SEVEN, "the table above")], True,
             category="worked example"),
        Part("both sides at once", 1.0, [Case(SHIFTED, "both quotes change at once")], True,
             category="both sides"),
        Part("streams of your own", 2.0, random_changes, False, category="other numbers",
             partial=True),
        Part("a single row, a still book", 1.0, [
            Case(changes([(1.0, 5, 1.01, 5)])),
            Case(changes([(1.0, 5, 1.01, 7)] * 2 + [(1.0, 8, 1.01, 4), (0.99, 6, 1.01, 4),
                                                    (0.99, 6, 1.00, 9)])),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("strict", _strict,
                "your inequalities are strict, so changes of size at an unchanged price are lost; "
                "all four are weak"),
        Mistake("ask_as_bid", _ask_as_bid,
                "the ask side has the sign of the bid side; more offered is selling pressure"),
        Mistake("behind", _behind,
                "when the bid falls you take off the new queue behind it; what has gone is the size "
                "that stood at the old price"),
        Mistake("fall_positive", _fall_positive,
                "a bid that falls counts minus the size that stood there (the paper's prose has "
                "this sign wrong, its formula right)"),
        Mistake("size_change", _size_change,
                "you compare sizes at different prices; where the price changed, the old queue has "
                "gone and the new one has come (or was behind it all the time)"),
        Mistake("ask_not_mirrored", _ask_not_mirrored,
                "your ask part has the inequalities of the bid part; a lower offer is the new "
                "pressure, so the size after the change counts where the ask fell or stayed"),
        Mistake("no_first_row", _no_first_row,
                "the answer has one value a row; the first row has nothing before it and is 0"),
        Mistake("turned", _turned, "your sign is turned round: buying pressure is positive"),
    ],
)

CHECKS = [IMBALANCE, EVENT_FLOW]
