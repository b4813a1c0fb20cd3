"""Messages for tests: building, drawing and comparing with the twin."""

import numpy as np
from hypothesis import strategies as st
from twin import TwinBook

from lobsim.engine import MESSAGE, OUTCOME, Kind, OrderBook, Reject, SelfTrade, Side

BAND = (1, 12)  # ticks; narrow, so that random orders meet
FIELDS = ("order_id", "price_ticks", "size", "owner", "kind", "side", "new_order_id")
EXTREMES = (0, -1, -(2**31), 2**31 - 1, -(2**31) + 1)
SHORT = (0, -1, 9, -(2**15), 2**15 - 1)
FILL_FIELDS = ("time_ns", "price_ticks", "size", "maker_id", "taker_id", "maker_owner",
               "taker_owner", "maker_left", "taker_side")


def message(kind, order_id, side=0, price=0, size=0, owner=0, new_id=-1, time_ns=0):
    """One message as a dict."""
    return {
        "time_ns": time_ns, "order_id": order_id, "price_ticks": price, "size": size,
        "owner": owner, "kind": int(kind), "side": int(side), "new_order_id": new_id,
    }


def as_array(messages):
    """Dicts as a `MESSAGE` array."""
    array = np.zeros(len(messages), MESSAGE)
    for row, given in zip(array, messages, strict=True):
        for name, value in given.items():
            row[name] = value
    return array


def new_book(policy=SelfTrade.CANCEL_RESTING, band=BAND, **options):
    """Book with a tick of 1, so that ticks are prices."""
    return OrderBook(1, 1, *band, self_trade=policy, **options)


def _mostly(usual, odd):
    """Usual values nine times out of ten, else hostile ones."""
    return st.integers(0, 9).flatmap(lambda n: st.sampled_from(odd) if n == 0 else usual)


_message = st.fixed_dictionaries(
    {
        "fresh": st.booleans(),  # the next unused id, or any small one
        "order_id": _mostly(st.integers(1, 30), (*EXTREMES, 10**6 + 1)),
        "price_ticks": _mostly(st.integers(*BAND), (0, 13, *EXTREMES)),
        "size": _mostly(st.integers(1, 9), EXTREMES),
        "owner": _mostly(st.sampled_from([0, 0, 1, 2]), (-1, -(2**31), 2**31 - 1)),
        "kind": _mostly(st.integers(1, 8), SHORT),
        "side": _mostly(st.sampled_from([1, -1]), (0, 2, -2, 2**15 - 1, -(2**15))),
        "new_order_id": _mostly(st.sampled_from([-1, -1, 31, 32, 33]), (*EXTREMES, 5)),
    }
)


@st.composite
def streams(draw, max_size=40):
    """List of message dicts: all kinds, several owners, about one bad field in ten."""
    drawn = draw(st.lists(_message, min_size=1, max_size=max_size))
    for index, one in enumerate(drawn):
        if one.pop("fresh") and one["kind"] <= Kind.POST_ONLY:
            one["order_id"] = 40 + index
        one["time_ns"] = index
    return drawn


def random_stream(rng, count):
    """A long stream of plausible messages, drawn by NumPy; a few are refused."""
    kinds = rng.choice(np.arange(1, 9), count, p=[0.42, 0.04, 0.05, 0.04, 0.1, 0.2, 0.05, 0.1])
    stream = []
    for index, kind in enumerate(kinds):
        old = int(rng.integers(max(1, index - 60), index + 1)) if index else 1
        stream.append(
            message(
                kind, index + 1 if kind <= Kind.POST_ONLY else old,
                rng.choice([1, -1]), int(rng.integers(1, 13)), int(rng.integers(1, 10)),
                int(rng.choice([0, 0, 1, 2])),
                count + index if rng.random() < 0.3 else -1, index,
            )
        )
    return stream


def resting(book):
    """Both queues of an `OrderBook` as tuples in order of priority."""
    return [
        [(o.order_id, o.side, o.price, o.size, o.owner) for o in book.orders(side)]
        for side in Side
    ]


def twin_resting(twin):
    """The same from the twin."""
    return [
        [(o.order_id, o.side, o.price, o.size, o.owner) for o in twin.queue(side)]
        for side in Side
    ]


def fill_tuples(fills):
    """Fills as tuples in the twin's order of fields."""
    return list(zip(*(fills[name].tolist() for name in FILL_FIELDS), strict=True))


def run_both(stream, policy, check_each=True, **options):
    """Run a stream on engine and twin, asserting that each event does the same in both.

    Returns the book, all fills (as tuples) and all outcomes.
    """
    book = new_book(policy, max_order_id=10**6, **options)
    twin = TwinBook(*BAND, policy, **{k: v for k, v in options.items() if k == "max_orders"})
    outcome = np.zeros(1, OUTCOME)
    all_fills, all_outcomes = [], []
    for one in stream:
        fills = fill_tuples(book.process(as_array([one]), outcome))
        expected, expected_fills = twin.apply(one)
        got = {name: int(outcome[name][0]) for name in OUTCOME.names}
        assert got == {name: int(value) for name, value in vars(expected).items()}, one
        assert fills == expected_fills, one
        if check_each:
            assert resting(book) == twin_resting(twin), one
            book.check_invariants()
        all_fills += fills
        all_outcomes.append(outcome[0].copy())
    assert resting(book) == twin_resting(twin)
    book.check_invariants()
    counts = {int(code): count for code, count in twin.rejects.items()}
    assert counts == {int(Reject[name]): n for name, n in book.reject_counts.items()}
    return book, all_fills, np.array(all_outcomes, OUTCOME)
