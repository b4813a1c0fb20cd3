"""Bytes of an ITCH 5.0 feed made by hand from the specification."""

import struct

import numpy as np

from lobsim import data
from lobsim.data.itch_layout import record_dtype
from lobsim.engine import OrderBook

__all__ = [
    "NOON", "SPECIFIED", "SYMBOLS", "Tape", "book_after", "day_of_many_symbols", "found", "queue",
    "tape", "two_symbols",
]  # fmt: skip

NOON = 12 * 3600 * 10**9
SYMBOLS = 40  # in the large file
# Lengths as the specification prints them.
SPECIFIED = {
    "S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "A": 36, "F": 40,
    "E": 31, "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19, "I": 50, "N": 20,
    "J": 35, "h": 21, "O": 48,
}  # fmt: skip


class Tape:
    """Messages of a feed, written with `struct` as the specification lays them out."""

    def __init__(self, symbol="LOBS", locate=7):
        self.symbol, self.locate, self.time = symbol.encode().ljust(8), locate, NOON
        self.messages = []

    def put(self, letter, fields="", *values, locate=None, time=None):
        """One message; every further one is a nanosecond later."""
        self.time += 1
        time = self.time if time is None else time
        where = self.locate if locate is None else locate
        head = struct.pack(">cHH", letter.encode(), where, 0) + time.to_bytes(6, "big")
        self.messages.append(head + struct.pack(">" + fields, *values))
        return self

    def directory(self):
        body = self.symbol, b"QN", 100, b"NCZ PN 1N", 0, b"N"
        return self.put("R", "8s2sI9sIc", *body)

    def add(self, reference, side, size, price_e4, mpid=None):
        body = (reference, side.encode(), size, self.symbol, price_e4)
        if mpid is None:
            return self.put("A", "QcI8sI", *body)
        return self.put("F", "QcI8sI4s", *body, mpid.encode())

    def executed(self, reference, size, match):
        return self.put("E", "QIQ", reference, size, match)

    def executed_at(self, reference, size, match, printable, price_e4):
        return self.put("C", "QIQcI", reference, size, match, printable.encode(), price_e4)

    def cancelled(self, reference, size):
        return self.put("X", "QI", reference, size)

    def deleted(self, reference):
        return self.put("D", "Q", reference)

    def replaced(self, reference, new, size, price_e4):
        return self.put("U", "QQII", reference, new, size, price_e4)

    def hidden(self, side, size, price_e4, match):
        return self.put("P", "QcI8sIQ", 0, side.encode(), size, self.symbol, price_e4, match)

    def cross(self, size, price_e4, match, kind="O"):
        return self.put("Q", "Q8sIQc", size, self.symbol, price_e4, match, kind.encode())

    def broken(self, match):
        return self.put("B", "Q", match)

    def action(self, state):
        return self.put("H", "8scc4s", self.symbol, state.encode(), b" ", b"T1  ")

    def bytes(self):
        return b"".join(len(m).to_bytes(2, "big") + m for m in self.messages)

    def save(self, folder, name="tape.itch"):
        path = folder / name
        path.write_bytes(self.bytes())
        return path

    def read(self, folder, symbol="LOBS"):
        return data.read_itch(self.save(folder), symbol)


def tape(**options):
    """A tape that begins with the symbol's directory message."""
    return Tape(**options).directory()


def book_after(replay):
    """Engine's book and fills after a replay; no message may be refused."""
    book = OrderBook(replay.tick_size, 1, replay.price_min, replay.price_max)
    fills = book.process(replay.messages)
    assert book.reject_counts == {}
    book.check_invariants()
    return book, fills


def queue(replay, book, side):
    """A side's orders in priority: reference number, price, size."""
    return [(int(replay.order_ids[o.order_id]), o.price, o.size) for o in book.orders(side)]


def found(report):
    """The entries of a report that are not zero."""
    return {name: count for name, count in report.items() if count}


def two_symbols(folder):
    """Orders of two symbols in turn, with equal prices; E, X, D and U carry no symbol."""
    first, second = Tape("LOBS", 7).directory(), Tape("OTHR", 300).directory()
    for one, base in ((first, 0), (second, 100)):
        one.add(base + 1, "B", 10, 10_000).executed(base + 1, 4, base + 1)
        one.cancelled(base + 1, 1).replaced(base + 1, base + 2, 3, 9_900).deleted(base + 2)
    mixed = [m for pair in zip(first.messages, second.messages, strict=True) for m in pair]
    path = folder / "two.itch"
    path.write_bytes(b"".join(len(m).to_bytes(2, "big") + m for m in mixed))
    return path, first


def day_of_many_symbols(path, rounds):
    """A file of 5 messages x rounds x SYMBOLS: each adds an order and takes it away again."""
    head = b"".join(Tape(f"SYM{k}", k + 1).directory().bytes() for k in range(SYMBOLS))
    letters = "AXEUD"
    block = np.zeros((rounds, SYMBOLS), [(letter, record_dtype(letter)) for letter in letters])
    number = np.arange(1, rounds * SYMBOLS + 1).reshape(rounds, SYMBOLS) * 2
    for letter in letters:
        part = block[letter]
        part["length"], part["type"] = SPECIFIED[letter], letter.encode()
        part["locate"] = np.arange(1, SYMBOLS + 1)
        part["time_high"], part["time_low"] = divmod(NOON + 1, 1 << 32)
        part["reference"] = number + (letter == "D")
    block["A"]["side"], block["A"]["size"], block["A"]["price"] = b"S", 500, 10_000 + number % 50
    block["A"]["stock"] = [f"SYM{k}".encode().ljust(8) for k in range(SYMBOLS)]
    block["X"]["size"], block["E"]["size"], block["E"]["match"] = 100, 50, number
    block["U"]["new_reference"], block["U"]["size"], block["U"]["price"] = number + 1, 7, 10_000
    path.write_bytes(head + block.tobytes())
    return path
