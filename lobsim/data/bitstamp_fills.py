"""Bitstamp order events order by order: falls of volume, and falls of two orders as one trade."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Lives", "Matches", "order_lives", "match_fills", "trade_table", "bitstamp_trades"]

SATOSHI = 100_000_000  # to a bitcoin
MATCH_WINDOW_NS = 5_000_000_000  # both events of one trade arrive within this
# Satoshi by which the two falls of a trade may differ: the feed of 2015 rounds each by itself.
ROUNDING = (1, -1, 2, -2)
INFER_WINDOW_NS = 100_000_000  # the same for orders older than the file, whose fill is not known
_RANK = {"created": 0, "changed": 1, "deleted": 2}
_COLUMNS = ("time_ns", "order_id", "price", "remaining", "action", "side")
_NONE = -1


@dataclass(frozen=True, eq=False)
class Lives:
    """Order events with each order's own events put in a possible order.

    All arrays have one entry per row of the table; `row` orders them as the file does.

    Attributes
    ----------
    order : ndarray of int64
        Number of the order, from 0 in the order of its id.
    ids : ndarray of int64
        Exchange id of each order.
    time_ns, side : ndarray of int64
    stamp : ndarray of int64
        The exchange's time, ns.
    price : ndarray of float64
    left : ndarray of int64
        Satoshi that remain after the event.
    rank : ndarray of int64
        0 created, 1 changed, 2 deleted, -1 an event after the order's end (to be ignored).
    before : ndarray of int64
        Satoshi before the event; -1 where the file does not tell (first event of an older order).
    fall : ndarray of int64
        Satoshi filled or taken off by the event (at least 0), 0 where `before` is not known.
    segment : ndarray of int64
        Counts stays at one price: a new one begins with an order and with each change of its
        price, which loses priority.
    starts : ndarray of int64
        First row of each segment.
    first : ndarray of bool
        The order's first event.
    report : dict of str to int
    """

    order: np.ndarray
    ids: np.ndarray
    time_ns: np.ndarray
    stamp: np.ndarray
    side: np.ndarray
    price: np.ndarray
    left: np.ndarray
    rank: np.ndarray
    before: np.ndarray
    fall: np.ndarray
    segment: np.ndarray
    starts: np.ndarray
    first: np.ndarray
    report: dict

    def __len__(self) -> int:
        return len(self.order)


def order_lives(events: pd.DataFrame) -> Lives:
    """Put each order's events in order and find what each took off.

    Parameters
    ----------
    events : DataFrame
        Table of :func:`~lobsim.data.read_bitstamp`.

    Returns
    -------
    Lives
        ``report`` counts ``events_reordered`` (a change before the creation or after the delete,
        or volumes of one millisecond that rise: the events of the order change places),
        ``created_again``, ``after_delete`` (ignored), ``volume_rises`` (no fall is made of them)
        and ``price_changes``.

    Raises
    ------
    ValueError
        When columns or rows are missing.

    Notes
    -----
    The feed sends the events of a few milliseconds in any order; an order, however, is created
    first, deleted last and only loses volume, which gives its events their order.
    """
    missing = [name for name in _COLUMNS if name not in events]
    if missing or not len(events):
        raise ValueError(
            f"events needs rows with the columns {', '.join(_COLUMNS)}; "
            f"it has {len(events)} rows with {', '.join(map(str, events))}"
        )
    ids, order = np.unique(events["order_id"].to_numpy(), return_inverse=True)
    time = events["time_ns"].to_numpy()
    stamp = events["exchange_time_ns" if "exchange_time_ns" in events else "time_ns"].to_numpy()
    rank = events["action"].map(_RANK).to_numpy().astype(np.int64)
    left = np.rint(events["remaining"].to_numpy() * SATOSHI).astype(np.int64)
    price = events["price"].to_numpy()
    row = np.arange(len(events))
    places = np.lexsort((row, order))  # the rows of each order, as the file has them
    content = np.lexsort((row, -left, time, rank, order))  # and as they should be
    source = np.empty(len(events), dtype=np.int64)
    source[places] = content
    moved = int((source != row).sum())
    rank, left, price = rank[source], left[source], price[source]

    by_order = order[places]
    first = np.empty(len(events), dtype=bool)
    first[places] = np.diff(by_order, prepend=_NONE) != 0
    again = (rank == 0) & ~first
    rank = np.where(again, 1, rank)
    dead = np.empty(len(events), dtype=bool)  # rows behind a delete of the same order
    deletes = np.cumsum(rank[places] == 2) - (rank[places] == 2)
    base = np.maximum.accumulate(np.where(first[places], deletes, 0))
    dead[places] = deletes > base
    before = np.empty(len(events), dtype=np.int64)
    before[places] = np.concatenate(([_NONE], left[places][:-1]))
    before[first] = _NONE
    rises = (before >= 0) & (left > before) & ~dead
    fall = np.where((before >= 0) & ~dead, np.maximum(before - left, 0), 0)
    new_price = np.empty(len(events), dtype=bool)
    new_price[places] = np.diff(price[places], prepend=np.nan) != 0
    new_price |= first
    segment = np.empty(len(events), dtype=np.int64)
    segment[places] = np.cumsum(new_price[places]) - 1
    report = {
        "events_reordered": moved,
        "created_again": int(again.sum()),
        "after_delete": int(dead.sum()),
        "volume_rises": int(rises.sum()),
        "price_changes": int((new_price & ~first & ~dead).sum()),
    }
    return Lives(
        order, ids, time, stamp, events["side"].to_numpy(), price, left,
        np.where(dead, _NONE, rank), before, fall, segment, places[new_price[places]], first,
        report,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Matches:
    """Trades: rows of :class:`Lives` that belong together.

    Attributes
    ----------
    maker, taker : ndarray of int64
        Row of the event of the resting and of the taking order, in the order of `row`.
    row : ndarray of int64
        Row at which the trade is known and both orders are there.
    size : ndarray of int64
        Satoshi.
    inferred : dict of int to int
        Satoshi taken off by the first event of an order that is older than the file, by its row.
    report : dict of str to int
    """

    maker: np.ndarray
    taker: np.ndarray
    row: np.ndarray
    size: np.ndarray
    inferred: dict[int, int]
    report: dict

    def __len__(self) -> int:
        return len(self.row)


def match_fills(lives: Lives, window_ns: int = MATCH_WINDOW_NS) -> Matches:
    """Find the two falls of volume that make each trade.

    Parameters
    ----------
    lives : Lives
    window_ns : int
        Largest distance in time of the two events.

    Returns
    -------
    Matches
        ``report`` counts ``fills_bid, fills_ask`` (falls of volume), ``trades``,
        ``trades_rounded`` (those whose two falls differ by one or two satoshi), ``fills_unmatched``
        (falls without a partner: a cancelled part, or a lost event) and ``fills_inferred`` (fills
        of orders older than the file, taken from their partner).

    Notes
    -----
    A trade takes the same volume off a bid and an ask whose prices meet. Of the candidates
    within the window the nearest in time are paired first, equal falls before those one or
    two satoshi apart. The taker is the order that came
    to its price later: exchange ids count up, and a change of price is an arrival.
    """
    falls = np.flatnonzero(lives.fall > 0)
    bids, asks = (falls[lives.side[falls] == side].tolist() for side in (1, -1))
    used: set[int] = set()
    pairs = _pairs_of_equal_volume(lives, bids, asks, window_ns, (0,), used)
    exact = len(pairs)
    pairs += _pairs_of_equal_volume(lives, bids, asks, window_ns, ROUNDING, used)
    rounded = len(pairs) - exact
    unknown = np.flatnonzero(
        lives.first & ((lives.rank == 1) | ((lives.rank == 2) & (lives.left == 0)))
    )
    free = [row for row in falls.tolist() if row not in used]
    inferred = _infer_fills(lives, unknown.tolist(), free)
    for row, partner in inferred.items():
        pairs.append((row, partner) if lives.side[row] == 1 else (partner, row))
    volume = {row: int(lives.fall[partner]) for row, partner in inferred.items()}
    takers = [_taker_first(lives, bid, ask) for bid, ask in pairs]
    table = np.array(takers, dtype=np.int64).reshape(-1, 2)
    taker, maker = table[:, 0], table[:, 1]
    begins = lives.starts[lives.segment]
    begins = np.where(lives.first[begins] & (lives.rank[begins] != 0), 0, begins)
    row = np.maximum.reduce([np.minimum(maker, taker), begins[maker], begins[taker]])
    row, ranked = _sweeps_in_order(lives, maker, taker, row)
    size = np.maximum(lives.fall[maker], lives.fall[taker])
    report = {
        "fills_bid": len(bids),
        "fills_ask": len(asks),
        "trades": len(pairs),
        "trades_rounded": rounded,
        "fills_unmatched": len(falls) + len(inferred) - 2 * len(pairs),
        "fills_inferred": len(inferred),
    }
    return Matches(maker[ranked], taker[ranked], row[ranked], size[ranked], volume, report)


def _sweeps_in_order(lives: Lives, maker, taker, row) -> tuple[np.ndarray, np.ndarray]:
    """Rows and order of trades, where one order's trades of one moment follow priority.

    Their events come in any order; the exchange went through the best price first and through
    the oldest order first. All are booked at the last of their rows.
    """
    sweep = pd.DataFrame({"order": lives.segment[taker], "time": lives.time_ns[row], "row": row})
    row = sweep.groupby(["order", "time"])["row"].transform("max").to_numpy()
    price = lives.side[taker] * lives.price[maker]
    start = lives.starts[lives.segment[maker]]
    arrival = np.where(lives.first[start], _NONE, start)
    keys = (lives.order[maker], arrival, price, lives.segment[taker], row)
    return row, np.lexsort(keys)


def _pairs_of_equal_volume(lives: Lives, bids, asks, window_ns, differences, used: set[int]):
    """Bid and ask rows whose falls differ by this much, nearest in time (then in row) first."""
    time, price, fall = lives.time_ns.tolist(), lives.price.tolist(), lives.fall.tolist()
    by_volume: dict[int, list[int]] = {}
    for ask in sorted(asks, key=lambda row: (time[row], row)):
        if ask not in used:
            by_volume.setdefault(fall[ask], []).append(ask)
    candidates = []
    for bid in (bid for bid in bids if bid not in used):
        for difference in differences:
            partners = by_volume.get(fall[bid] + difference, [])
            start = bisect_left(partners, time[bid] - window_ns, key=time.__getitem__)
            end = bisect_right(partners, time[bid] + window_ns, key=time.__getitem__)
            for ask in partners[start:end]:
                if price[bid] >= price[ask]:
                    candidates.append((abs(time[bid] - time[ask]), abs(bid - ask), bid, ask))
    pairs = []
    for _, _, bid, ask in sorted(candidates):
        if bid not in used and ask not in used:
            used |= {bid, ask}
            pairs.append((bid, ask))
    return pairs


def _infer_fills(lives: Lives, unknown: list[int], partners: list[int]) -> dict[int, int]:
    """Partner of each first event of an order older than the file, by row."""
    found: dict[int, int] = {}
    candidates = []
    for row in unknown:
        for partner in partners:
            apart = abs(int(lives.time_ns[row] - lives.time_ns[partner]))
            meets = lives.side[row] * (lives.price[row] - lives.price[partner]) >= 0
            if apart <= INFER_WINDOW_NS and lives.side[row] != lives.side[partner] and meets:
                candidates.append((apart, abs(row - partner), row, partner))
    taken: set[int] = set()
    for _, _, row, partner in sorted(candidates):
        if row not in found and partner not in taken:
            found[row] = partner
            taken.add(partner)
    return found


def _taker_first(lives: Lives, bid: int, ask: int) -> tuple[int, int]:
    """Which of two rows belongs to the order that came to its price later."""

    def arrival(row: int) -> tuple[int, int]:
        start = int(lives.starts[lives.segment[row]])
        return (_NONE if lives.first[start] else start), int(lives.ids[lives.order[row]])

    return (bid, ask) if arrival(bid) > arrival(ask) else (ask, bid)


def trade_table(lives: Lives, matches: Matches) -> pd.DataFrame:
    """Trades as a table, in the order of their rows."""
    maker, taker = matches.maker, matches.taker
    time = np.minimum(lives.time_ns[maker], lives.time_ns[taker])
    table = pd.DataFrame(
        {
            "time_ns": time,
            "price": lives.price[maker],
            "size": matches.size / SATOSHI,
            "sign": lives.side[taker],
            "maker_id": lives.ids[lives.order[maker]],
            "taker_id": lives.ids[lives.order[taker]],
            "row": np.minimum(maker, taker),
        }
    )
    return table.sort_values(["time_ns", "row"], kind="stable", ignore_index=True)


def bitstamp_trades(events: pd.DataFrame, *, window_ns: int = MATCH_WINDOW_NS) -> pd.DataFrame:
    """Trades of a file of order events.

    Parameters
    ----------
    events : DataFrame
        Table of :func:`~lobsim.data.read_bitstamp`.
    window_ns : int
        Largest distance in time of the two events of one trade, ns.

    Returns
    -------
    DataFrame
        ``time_ns`` int64 (the earlier of the two events, so that the quote before it is the one
        that was traded against), ``price`` float64 (dollars, of the resting order), ``size``
        float64 (bitcoin), ``sign`` int64 (1 the buyer took, -1 the seller), ``maker_id,
        taker_id`` int64 (exchange ids), ``row`` int64 (of `events`, the earlier one).
        ``attrs["report"]`` counts what :func:`order_lives` and :func:`match_fills` count.

    Raises
    ------
    ValueError
        When columns are missing.

    Notes
    -----
    Two orders trade when the same volume falls off a bid and an ask. A fall without a partner
    gives no trade and is counted as ``fills_unmatched``.
    """
    lives = order_lives(events)
    matches = match_fills(lives, window_ns)
    table = trade_table(lives, matches)
    table.attrs = {**events.attrs, "kind": "trades"}
    counts = {"rows_in_file": len(events), "rows_returned": len(table)}
    table.attrs["report"] = {**counts, **lives.report, **matches.report}
    return table
