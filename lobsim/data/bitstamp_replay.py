"""Bitstamp order events as messages for the matching engine, with the best quotes they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.data.bitstamp_book import Mirror, TapeBook
from lobsim.data.bitstamp_fills import (
    MATCH_WINDOW_NS,
    SATOSHI,
    Lives,
    Matches,
    match_fills,
    order_lives,
    trade_table,
)

__all__ = ["BitstampReplay", "bitstamp_to_messages", "bitstamp_quotes"]

INT32_MAX = (1 << 31) - 1
FAR_FACTOR = 10.0  # resting orders this many times above or below the median price are left out
_PRICE_UNIT = 100_000_000  # prices are told apart to 1e-8 dollars
_CREATED, _DELETED = 0, 2


@dataclass(frozen=True, eq=False)
class BitstampReplay:
    """Messages that rebuild the book in the engine. Unpacks to ``messages, initial``.

    Attributes
    ----------
    messages : ndarray of MESSAGE
        To be processed after `initial`.
    initial : ndarray of MESSAGE
        Limit orders that make the book before the first event: those of the file's synthetic
        snapshot and those that the file names without having created them.
    rows : ndarray of int64
        Row of the event table (from 0) that each of `messages` belongs to.
    is_patch : ndarray of bool
        True where the message does not follow from the tape: a stale order taken out, or a fill
        that the engine could not make because the filled order was not the first in the book.
    order_ids : ndarray of int64
        Exchange id of each engine id (its index); an order that took and rests has two.
    quotes : DataFrame
        Row k is the best quote after event k: ``time_ns`` int64, ``bid, bid_size, ask, ask_size``
        float64 (dollars, bitcoin; NaN and 0 where there is none).
    trades : DataFrame
        Table of :func:`~lobsim.data.bitstamp_trades`.
    tick_size, lot_size : float
        Dollars per tick, bitcoin per lot.
    price_min, price_max : float
        Lowest and highest price in dollars that a book for these messages must allow.
    report : dict of str to int
        Everything that was corrected or left out, counted; see :func:`bitstamp_to_messages`.
    """

    messages: np.ndarray
    initial: np.ndarray
    rows: np.ndarray
    is_patch: np.ndarray
    order_ids: np.ndarray
    quotes: pd.DataFrame
    trades: pd.DataFrame
    tick_size: float
    lot_size: float
    price_min: float
    price_max: float
    report: dict

    def __iter__(self):
        return iter((self.messages, self.initial))


def bitstamp_to_messages(
    events: pd.DataFrame,
    tick_size: float | None = None,
    lot_size: float | None = None,
    *,
    window_ns: int = MATCH_WINDOW_NS,
) -> BitstampReplay:
    """Turn order events into messages for the engine.

    Parameters
    ----------
    events : DataFrame
        Table of :func:`~lobsim.data.read_bitstamp`.
    tick_size : float, optional
        Dollars; by default the largest of which all prices are multiples.
    lot_size : float, optional
        Bitcoin; by default the smallest of 1e-8, 1e-7, ... with which the largest order is a
        number of lots that an engine message can hold (2147483647).
    window_ns : int
        Largest distance in time of the two events of one trade.

    Returns
    -------
    BitstampReplay
        ``report`` holds what ``order_lives`` and ``match_fills`` count and

        - ``created, takers, cancels``: orders of the file, those of them that took, and deletes
          with volume left (the file's closing deletes not among them);
        - ``flash_orders``: created and deleted, unfilled, in one millisecond; left out;
        - ``initial_snapshot, initial_unseen``: orders of the file's snapshot, and orders that the
          file only names later; ``end_deletes``: the file's closing deletes, left out;
        - ``far_orders``: priced over ten times above or below the median; left out;
        - ``dust_orders``: less than half a lot when they came to rest; left out;
        - ``crossed_rows``: rows after which the tape at its word shows a bid at or above an ask,
          ``crossed_rows_without_flash``: the same without flash orders;
        - ``held_orders``: orders that waited outside the book until they no longer crossed;
        - ``stale_orders``: orders taken out because the tape trades and quotes through them;
        - ``fills_in_engine, fills_out_of_priority, fills_unbooked``: trades that the engine makes,
          trades whose maker was not first in the book (its size is taken off as a patch) and
          trades whose maker was not in the book.

    Raises
    ------
    ValueError
        When a price is not a multiple of `tick_size`, or `lot_size` is too small for a message.

    Notes
    -----
    A taking order gives one IOC message for each of its fills, at the price of the order that it
    meets, and comes to rest (LIMIT) after the last. A fall without a partner is a REDUCE. A new
    price is CANCEL and LIMIT. An engine book never crosses; where the tape does, either the new
    order waits, or the old one is stale: it has no later fill, and both orders stay for more than
    a second. What became of an order later is known from the file, so the messages must not be
    used to predict from.
    """
    lives = order_lives(events)
    matches = match_fills(lives, window_ns)
    tick = _tick(lives.price, tick_size)
    plan = _plan(lives)
    satoshi = _lot_satoshi(lives, plan, lot_size)
    mirror = Mirror(lives.ids)
    quotes = _walk(lives, matches, plan, mirror, tick, satoshi)
    (initial, *_), (messages, rows, patches) = mirror.parts
    report = {
        "rows_in_file": len(events),
        **lives.report,
        **matches.report,
        **plan.report,
        "takers": len(np.unique(lives.order[matches.taker])),
        "crossed_rows": _crossed_rows(lives, np.zeros(len(lives.ids), dtype=bool)),
        "crossed_rows_without_flash": _crossed_rows(lives, plan.flash),
        **mirror.counts,
    }
    scale = [tick / _PRICE_UNIT, satoshi / SATOSHI] * 2
    table = pd.DataFrame(quotes * scale, columns=["bid", "bid_size", "ask", "ask_size"])
    table.insert(0, "time_ns", lives.time_ns)
    for side in ("bid", "ask"):
        table[side] = table[side].where(table[f"{side}_size"] > 0).round(8)
    table.attrs = {**events.attrs, "kind": "quotes", "report": report}
    trades = trade_table(lives, matches)
    trades.attrs = {**events.attrs, "kind": "trades", "report": report}
    return BitstampReplay(
        messages, initial, rows, patches, np.array(mirror.order_ids, dtype=np.int64), table,
        trades, tick / _PRICE_UNIT, satoshi / SATOSHI, mirror.lowest * tick / _PRICE_UNIT,
        mirror.highest * tick / _PRICE_UNIT, report,
    )  # fmt: skip


def bitstamp_quotes(events: pd.DataFrame, *, changes_only: bool = True) -> pd.DataFrame:
    """Best quotes from order events.

    Parameters
    ----------
    events : DataFrame
        Table of :func:`~lobsim.data.read_bitstamp`.
    changes_only : bool
        Only rows that differ from the one before; otherwise one row per event.

    Returns
    -------
    DataFrame
        ``time_ns`` int64, ``bid, bid_size, ask, ask_size`` float64 (dollars, bitcoin).
        ``attrs["report"]`` is that of :func:`bitstamp_to_messages`.

    Raises
    ------
    ValueError
        As :func:`bitstamp_to_messages`.
    """
    quotes = bitstamp_to_messages(events).quotes
    if not changes_only:
        return quotes
    values = quotes[["bid", "bid_size", "ask", "ask_size"]].fillna(-1.0).to_numpy()
    new = np.ones(len(quotes), dtype=bool)
    new[1:] = (values[1:] != values[:-1]).any(axis=1)
    table = quotes[new].reset_index(drop=True)
    table.attrs = quotes.attrs
    return table


def _tick(price: np.ndarray, tick_size: float | None) -> int:
    """The tick in units of 1e-8 dollars."""
    units = np.rint(price * _PRICE_UNIT).astype(np.int64)
    common = max(int(np.gcd.reduce(units)), 1)
    if tick_size is None:
        return common
    tick = round(tick_size * _PRICE_UNIT)
    if tick < 1 or common % tick:
        raise ValueError(
            f"tick_size is {tick_size}; the prices of this file are multiples of "
            f"{common / _PRICE_UNIT}"
        )
    return tick


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is known of each order before the replay; arrays by number of the order."""

    flash: np.ndarray
    far: np.ndarray
    snapshot: np.ndarray  # in the book before the first event
    end_row: np.ndarray  # last row; the number of rows when nothing but a closing delete is known
    closing: int  # first row of the file's closing deletes
    opening: int  # first row behind the file's snapshot
    report: dict


def _plan(lives: Lives) -> _Plan:
    count, rows = len(lives.ids), len(lives)
    first_row = np.full(count, rows)
    np.minimum.at(first_row, lives.order, np.arange(rows))
    last_row = np.zeros(count, dtype=np.int64)
    alive = lives.rank >= 0
    np.maximum.at(last_row, lives.order[alive], np.flatnonzero(alive))
    created, ends = lives.rank[first_row] == _CREATED, lives.rank[last_row] == _DELETED
    unfilled = lives.left[last_row] == lives.left[first_row]
    together = lives.time_ns[first_row] == lives.time_ns[last_row]
    opening, closing = _snapshot_rows(lives), rows - _closing_rows(lives)
    shown = first_row < opening
    flash = created & ends & unfilled & together & ~shown & (last_row < closing)
    typical = float(np.median(lives.price[first_row]))
    price = lives.price[last_row]
    far = (price > typical * FAR_FACTOR) | (price < typical / FAR_FACTOR)
    cancels = (lives.rank == _DELETED) & (lives.left > 0) & (np.arange(rows) < closing)
    report = {
        "created": int((created & ~shown).sum()),
        "cancels": int(cancels.sum()),
        "flash_orders": int(flash.sum()),
        "initial_snapshot": opening,
        "initial_unseen": int((~created).sum()),
        "end_deletes": rows - closing,
        "far_orders": int((far & ~flash).sum()),
    }
    end_row = np.where(ends & (last_row < closing), last_row, rows)
    return _Plan(flash, far, ~created | shown, end_row, closing, opening, report)


def _snapshot_rows(lives: Lives) -> int:
    """Length of the run of creations of one moment, on both sides, that begins the file."""
    return _run((lives.rank == _CREATED) & _one_moment(lives, 0), lives.side)


def _closing_rows(lives: Lives) -> int:
    """Length of the run of deletes of one moment, on both sides, that ends the file."""
    if len(np.unique(lives.order[lives.rank == _DELETED])) < len(lives.ids):
        return 0  # it does not close every order
    same = (lives.rank == _DELETED) & (lives.left > 0) & _one_moment(lives, -1)
    return _run(same[::-1], lives.side[::-1])


def _one_moment(lives: Lives, row: int) -> np.ndarray:
    """Rows that share the exchange's or the receiver's time with this row."""
    return (lives.stamp == lives.stamp[row]) | (lives.time_ns == lives.time_ns[row])


def _run(same: np.ndarray, side: np.ndarray) -> int:
    length = len(same) if same.all() else int(np.argmin(same))
    return length if len(np.unique(side[:length])) == 2 else 0


def _lot_satoshi(lives: Lives, plan: _Plan, lot_size: float | None) -> int:
    """The lot in satoshi."""
    resting = ~plan.far[lives.order]
    largest = int(np.maximum(lives.left, lives.before)[resting].max(initial=1))
    if lot_size is None:
        satoshi = 1
        while largest // satoshi > INT32_MAX - 1:
            satoshi *= 10
        return satoshi
    satoshi = round(lot_size * SATOSHI)
    if satoshi < 1 or largest // satoshi > INT32_MAX - 1:
        least = max(largest / (INT32_MAX - 1), 1) / SATOSHI
        raise ValueError(
            f"lot_size is {lot_size}; allowed is at least {least:.8f}, for the largest order is "
            f"{largest / SATOSHI} bitcoin"
        )
    return satoshi


def _lots(lives: Lives, matches: Matches, satoshi: int) -> tuple[np.ndarray, np.ndarray]:
    """Lots before and after each event."""
    half = satoshi // 2
    left = (lives.left + half) // satoshi
    before = (np.maximum(lives.before, 0) + half) // satoshi
    for row, size in matches.inferred.items():
        before[row] = (lives.left[row] + size + half) // satoshi
    unseen = lives.first & (lives.rank != _CREATED)
    before[unseen] = np.maximum(before[unseen], left[unseen])
    return before, left


def _births(lives: Lives, plan: _Plan) -> dict[int, list[int]]:
    """First rows of orders that are there without having been created, by the row of arrival.

    Ids count up, so an order that the file names without its creation came before the first
    created order with a higher id: for most that is before the file begins.
    """
    created = np.where(lives.rank == _CREATED, lives.ids[lives.order], 0)
    created[: plan.opening] = 0
    highest = np.maximum.accumulate(created)
    known = created[created > 0]
    first_id = known[0] if len(known) else 0
    found: dict[int, list[int]] = {}
    rows = np.flatnonzero(lives.first & plan.snapshot[lives.order])
    for row in rows[np.argsort(lives.order[rows])].tolist():
        order_id = lives.ids[lives.order[row]]
        late = row >= plan.opening and order_id > first_id
        at = min(int(np.searchsorted(highest, order_id)), row) if late else -1
        found.setdefault(at, []).append(row)
    return found


def _walk(lives: Lives, matches: Matches, plan: _Plan, mirror: Mirror, tick: int, satoshi: int):
    """Feed the rows to the mirror; returns the best quotes after each, in ticks and lots."""
    ticks = np.rint(lives.price * _PRICE_UNIT / tick).astype(np.int64).tolist()
    before, left = _lots(lives, matches, satoshi)
    fall = np.where(lives.rank < 0, 0, np.maximum(before - left, 0))
    mirror.plan(lives, matches, plan.end_row, fall)
    skip = (plan.flash | plan.far)[lives.order]
    skip[: plan.opening] = skip[plan.closing :] = skip[lives.rank < 0] = True
    births = _births(lives, plan)
    far = plan.far[lives.order]

    def bear(rows: list[int]) -> None:
        for row in rows:
            if not far[row]:
                created = lives.rank[row] == _CREATED
                lots = int(left[row] if created else before[row])
                mirror.arrive(int(lives.order[row]), int(lives.side[row]), ticks[row], lots)

    mirror.start(int(lives.time_ns[0]), 0)
    bear(births.pop(-1, []))
    mirror.hand_over()
    mirror.counts["created_unseen"] = sum(map(len, births.values()))
    matched = np.zeros(len(lives), dtype=bool)
    matched[matches.maker] = matched[matches.taker] = True
    begins = np.zeros(len(lives), dtype=bool)
    begins[lives.starts] = True
    columns = (lives.time_ns, lives.order, lives.rank, lives.side, left, fall, matched, begins)
    events = zip(*(column.tolist() for column in columns), strict=True)
    trades, skipped = _trades_by_row(matches), skip.tolist()
    quotes = np.zeros((len(lives), 4))
    for row, (time, order, rank, side, lots, gone, in_trade, new) in enumerate(events):
        mirror.start(time, row)
        if row in births:
            bear(births[row])
        if not skipped[row]:
            mirror.event(order, rank, side, ticks[row], lots, gone, in_trade, new)
        for maker, taker in trades.get(row, ()):
            mirror.trade(maker, taker)
        quotes[row] = mirror.finish()
    mirror.hand_over()
    return quotes


def _trades_by_row(matches: Matches) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for row, maker, taker in zip(
        matches.row.tolist(), matches.maker.tolist(), matches.taker.tolist(), strict=True
    ):
        found.setdefault(row, []).append((maker, taker))
    return found


def _crossed_rows(lives: Lives, leave_out: np.ndarray) -> int:
    """Rows after which the tape, taken at its word, has a bid at or above an ask."""
    book = TapeBook()
    crossed = 0
    rows = (lives.order, lives.rank, lives.side, lives.price, lives.left, leave_out[lives.order])
    for order, rank, side, price, left, out in zip(
        *(column.tolist() for column in rows), strict=True
    ):
        if rank >= 0 and not out:
            book.put(order, side, price, 0 if rank == _DELETED else left)
        crossed += book.crossed()
    return crossed
