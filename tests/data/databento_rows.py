"""Rows of a Databento market-by-order export, and what the engine makes of them."""

import numpy as np
from tiny_files import TINY

from lobsim import data
from lobsim.engine import OrderBook

__all__ = [
    "BAD_BOOK", "BAD_TIME", "BY_PRICE", "DAY_NS", "LAST", "MIDNIGHT", "Mbo", "NOON", "SNAPSHOT",
    "TOP", "book_after", "found", "queue",
]  # fmt: skip

DAY_NS = 86_400 * 10**9
MIDNIGHT = int(np.datetime64("2025-01-15", "ns").astype(np.int64))
NOON = MIDNIGHT + DAY_NS // 2
LAST, TOP, SNAPSHOT, BY_PRICE, BAD_TIME, BAD_BOOK = 128, 64, 32, 16, 8, 4
MBO_HEADER = TINY["Databento MBO"].lines[0]


def iso(time_ns):
    return f"{np.datetime64(time_ns, 'ns')}Z"


class Mbo:
    """Rows of a market-by-order export; prices in currency, times in ns since 1970."""

    def __init__(self, pretty=True, publisher=1, instrument=7):
        self.pretty, self.ids = pretty, f"{publisher},{instrument}"
        self.time, self.rows = NOON, []

    def put(self, action, side="N", price=None, size=0, order=0, flags=LAST, late=1, ids=None):
        self.time += 1000
        if self.pretty:
            times = f"{iso(self.time + late)},{iso(self.time)}"
            text = "" if price is None else f"{price:.9f}"
        else:
            times = f"{self.time + late},{self.time}"
            text = 2**63 - 1 if price is None else round(price * 1e9)
        number = len(self.rows)
        self.rows.append(
            f"{times},160,{ids or self.ids},{action},{side},{text},{size},0,{order},{flags},15,"
            f"{number},LOBF"
        )
        return self

    def save(self, folder, name="x.mbo.csv"):
        path = folder / name
        path.write_text("\n".join([MBO_HEADER, *self.rows]) + "\n")
        return path

    def read(self, folder, **options):
        return data.read_databento(self.save(folder), **options)

    def replay(self, folder):
        return data.mbo_to_messages(self.read(folder), 0.25)


def book_after(replay):
    """Engine's book and fills after a replay; no message may be refused."""
    book = OrderBook(replay.tick_size, 1, replay.price_min, replay.price_max)
    assert len(book.process(replay.initial)) == 0
    fills = book.process(replay.messages)
    assert book.reject_counts == {}
    book.check_invariants()
    return book, fills


def queue(replay, side):
    """A side's orders in priority after the replay: order id, price, size."""
    book, _ = book_after(replay)
    return [(int(replay.order_ids[o.order_id]), o.price, o.size) for o in book.orders(side)]


def found(report):
    return {name: count for name, count in report.items() if count}
