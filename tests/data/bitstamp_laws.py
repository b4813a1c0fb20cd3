"""What every replay of Bitstamp events must obey: the engine's book is the book of the quotes."""

import numpy as np

from lobsim.engine import Kind, OrderBook, watch

__all__ = ["assert_engine_agrees"]


def run(replay, levels=1):
    """The book in the engine: what it saw after each row with messages, those rows, its fills."""

    def fresh():
        book = OrderBook(
            replay.tick_size, replay.lot_size, replay.price_min, max(replay.price_max, 1e-8)
        )
        book.process(replay.initial)
        return book

    book = fresh()
    last = np.flatnonzero(np.diff(replay.rows, append=-1))
    seen = watch(book, replay.messages, levels, last)
    assert book.reject_counts == {}
    book.check_invariants()
    return seen, replay.rows[last], fresh().process(replay.messages)


def assert_engine_agrees(replay):
    """After every row the engine's best quote is the table's, and each IOC found its order."""
    seen, rows, fills = run(replay)
    quotes = replay.quotes.iloc[rows]
    for side, ticks, lots in (
        ("bid", seen.bid_ticks[:, 0], seen.bid_sizes[:, 0]),
        ("ask", seen.ask_ticks[:, 0], seen.ask_sizes[:, 0]),
    ):
        size = np.rint(quotes[f"{side}_size"] / replay.lot_size)
        np.testing.assert_array_equal(size, lots)
        price = np.rint(quotes[side].fillna(0) / replay.tick_size)
        np.testing.assert_array_equal(price, ticks)
    silent = np.setdiff1d(np.arange(1, len(replay.quotes)), rows)
    values = replay.quotes.drop(columns="time_ns").fillna(-1).to_numpy()
    assert (values[silent] == values[silent - 1]).all()
    assert not (replay.quotes["bid"] >= replay.quotes["ask"]).any()
    takes = replay.messages[replay.messages["kind"] == Kind.IOC]
    assert fills["size"].tolist() == takes["size"].tolist()
    assert len(fills) == replay.report["fills_in_engine"]
    return fills
