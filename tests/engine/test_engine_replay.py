"""Real LOBSTER days through the engine: the book after each message is the exchange's.

A LOBSTER file holds only the best N levels, so the book cannot be replayed from the messages
alone: orders enter the window from below without a message. One step is determined: row n-1
of the orderbook file plus message n gives row n, but for the deepest level (and, with N = 1,
for the rows in which the best price disappears). Here each row n-1 is put into the engine as
one order per level, message n is applied, and the book is compared with row n.
"""

import gzip
import io
import zipfile

import numpy as np
import pytest

from lobsim.engine import MESSAGE, Kind, OrderBook, watch

ROWS_PER_BATCH = 20_000
NO_LEVEL = 9_999_999_999
TYPE, ORDER_ID, SIZE, PRICE_E4, DIRECTION = range(1, 6)  # columns of a message file
NEW, PARTIAL_CANCEL, DELETE, EXECUTION = 1, 2, 3, 4


def read_text(path):
    """Bytes of the message and the orderbook file of a sample."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".csv"))
            return [archive.read(name) for name in names]
    book = gzip.decompress(path.with_name(path.name.replace("message", "orderbook") + ".gz")
                           .read_bytes())
    return [path.read_bytes(), book]


def read(path):
    """Messages (n, 6) and book (n, 2, levels, 2): ask then bid, level, price in e4 and size."""
    messages, book = (np.loadtxt(io.BytesIO(text), delimiter=",") for text in read_text(path))
    messages = messages.astype(np.int64)  # times lose their decimals; they are not needed
    book = book.astype(np.int64).reshape(len(book), -1, 2, 2)
    return messages, book.transpose(0, 2, 1, 3)


def one_step_messages(events, before):
    """Per event: place every level of the row before, apply the event, take all away again.

    Returns the messages, and for each event its index in them. Order ids start at 1.
    """
    n, _, levels, _ = before.shape
    per_row = 4 * levels + 2
    batch = np.zeros((n, per_row), MESSAGE)
    batch["new_order_id"] = -1
    ids = 1 + np.arange(n * (2 * levels + 1)).reshape(n, 2 * levels + 1)

    seeds = batch[:, : 2 * levels]
    prices, sizes = before[..., 0].reshape(n, -1), before[..., 1].reshape(n, -1)
    exists = np.abs(prices) != NO_LEVEL
    sides = np.repeat([-1, 1], levels)
    seeds["kind"] = np.where(exists, Kind.LIMIT, 0)
    seeds["order_id"], seeds["side"] = ids[:, :-1], sides
    seeds["price_ticks"], seeds["size"] = np.where(exists, prices, 0), sizes

    kinds, direction, price = events[:, TYPE], events[:, DIRECTION], events[:, PRICE_E4]
    same_level = (prices == price[:, None]) & (sides == direction[:, None])
    level_id = np.where(same_level.any(axis=1), ids[np.arange(n), same_level.argmax(axis=1)], 0)
    event = batch[:, 2 * levels]
    removes = np.isin(kinds, (PARTIAL_CANCEL, DELETE))
    # Hidden executions and halts leave the visible book alone: kind 0 is refused.
    event["kind"] = np.select(
        [kinds == NEW, removes, kinds == EXECUTION], [Kind.LIMIT, Kind.REDUCE, Kind.IOC], 0
    )
    event["order_id"] = np.where(removes, level_id, ids[:, -1])
    event["side"] = np.where(kinds == EXECUTION, -direction, direction)
    event["price_ticks"], event["size"] = price, events[:, SIZE]

    cleaning = batch[:, 2 * levels + 1 :]
    cleaning["kind"], cleaning["order_id"] = Kind.CANCEL, ids
    return batch.reshape(-1), 2 * levels + per_row * np.arange(n)


def engine_rows(events, before, levels):
    """The engine's book after each event, in the layout of the orderbook file."""
    visible = before[..., 0][np.abs(before[..., 0]) != NO_LEVEL]
    low, high = int(min(visible.min(), events[:, PRICE_E4].min())), int(visible.max())
    high = max(high, int(events[:, PRICE_E4].max()))
    book = OrderBook(1e-4, 1, low / 1e4, high / 1e4)
    rows = []
    for start in range(0, len(events), ROWS_PER_BATCH):
        part = slice(start, start + ROWS_PER_BATCH)
        batch, at = one_step_messages(events[part], before[part])
        seen = watch(book, batch, levels, at)
        asks = np.stack([seen.ask_ticks, seen.ask_sizes], axis=-1)
        bids = np.stack([seen.bid_ticks, seen.bid_sizes], axis=-1)
        rows.append(np.stack([asks, bids], axis=1))
        assert book.orders("buy") == [] == book.orders("sell")
        book.check_invariants()
        book.clear()
    return np.concatenate(rows)


def compare(messages, book, checked):
    """Rows checked and rows equal; `checked` says which (row, side, level) are determined."""
    before, after, events = book[:-1], book[1:].copy(), messages[1:]
    got = engine_rows(events, before, book.shape[2])
    after[np.abs(after[..., 0]) == NO_LEVEL] = 0
    equal = (got == after).all(axis=-1) | ~checked
    rows = checked.any(axis=(1, 2))
    return int(rows.sum()), int((equal.all(axis=(1, 2)) & rows).sum())


@pytest.mark.parametrize(
    "name, count",
    [
        ("LOBSTER_SampleFile_GOOG_2012-06-21_5.zip", 112_672),
        ("AAPL_2012-06-21_trimmed998_message_10.csv", 998),
    ],
)
def test_one_step_of_a_real_day_gives_the_exchanges_book(real_data, name, count):
    messages, book = read(real_data / "lobster" / name)
    checked = np.ones((len(book) - 1, *book.shape[1:3]), bool)
    checked[:, :, -1] = False
    assert compare(messages, book, checked) == (count, count)


def test_one_step_at_the_best_price_gives_the_exchanges_book(real_data):
    messages, book = read(real_data / "lobster" / "LOBSTER_SampleFile_AMZN_2012-06-21_1.zip")
    events, before = messages[1:], book[:-1, :, 0]
    best = np.where(events[:, [DIRECTION]] > 0, before[:, 1], before[:, 0])
    removes = np.isin(events[:, TYPE], (PARTIAL_CANCEL, DELETE, EXECUTION))
    empties = removes & (events[:, PRICE_E4] == best[:, 0]) & (events[:, SIZE] >= best[:, 1])
    checked = np.broadcast_to(~empties[:, None, None], (len(events), 2, 1))
    assert compare(messages, book, checked) == (43_561, 43_561)


def test_real_executions_hit_the_order_that_the_engine_has_at_the_head(real_data):
    """Ten levels for 999 messages: no order born in the file leaves the window unseen."""
    messages, _ = read(real_data / "lobster" / "AAPL_2012-06-21_trimmed998_message_10.csv")
    priced = messages[messages[:, PRICE_E4] > 0]
    low, high = priced[:, PRICE_E4].min() / 1e4, priced[:, PRICE_E4].max() / 1e4
    book = OrderBook(1e-4, 1, low, high)
    ours = {}
    executions = 0
    for _, kind, order_id, size, price, direction in messages.tolist():
        if kind == NEW:
            ours[order_id] = book.post_only(direction, price / 1e4, size).order_id
        elif order_id in ours:
            if kind == EXECUTION:
                executions += 1
                assert book.queue_position(ours[order_id]) == (0, 0)
                assert book.orders(direction)[0].order_id == ours[order_id]
            assert book.reduce(ours[order_id], size).accepted
    assert executions == 94
    assert book.reject_counts == {}
