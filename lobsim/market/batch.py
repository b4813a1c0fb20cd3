"""`MarketBatch`: many markets advanced together in one call, each the same as it is alone."""

from collections.abc import Sequence

import numba
import numpy as np

from lobsim.engine.book import as_side
from lobsim.engine.codes import Kind
from lobsim.engine.units import Grid
from lobsim.engine.state import ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS, PRICE_MIN, BookState
from lobsim.market.kernel import TAPE_FULL
from lobsim.market.arguments import checked_seed, checked_window, kind_of
from lobsim.market.market import Market
from lobsim.market.opening import open_market
from lobsim.market.parts import Fees
from lobsim.market.profile import Profile
from lobsim.market.profiles import find_profile
from lobsim.market.state import (C_NOW, C_TRADER, L_CASH, L_EXOGENOUS, L_MADE, L_TOOK, NEVER,
                                 N_MADE, N_OWN_CANCELS, N_POSITION, N_TOOK, N_VOLUME, NS, W_HIGH,
                                 W_LOW, Flow)
from lobsim.market.stack import (SHARED, Stack, arrays_of, run_markets, see_all, send_all,
                                 table_of_stack)
from lobsim.market.venue import LARGEST_ID, Tape

__all__ = ["MarketBatch"]


class MarketBatch:
    """N markets that advance together; market `i` is bit for bit `Market(profile, seeds[i])`.

    Whatever N, the number of threads or the order in which they are advanced, a seed gives the
    same market: each has its own random streams, its own book and its own clock, and nothing is
    shared but read-only tables. Memory is fixed when the batch is made (`bytes_per_market`).

    Parameters
    ----------
    profiles : str, Profile, or a sequence of N of them
    seeds : sequence of N ints
    start_s, end_s : float
        The window, seconds after midnight; the same for all.
    parts : sequence of parts
        Added to every profile, as in `Market`.
    common_seed : int or sequence of N ints, optional
        Seed of the common factor, for the names of a universe (one number) or for several
        universes side by side.
    threads : int
        1 runs the markets one after the other; more use that many threads of Numba. Worth it for
        many events a call; measure with ``lobsim bench market``.

    Raises
    ------
    ValueError
        When lengths differ, or as in `Market`.

    Examples
    --------
    >>> batch = MarketBatch("SPY", seeds=range(4))
    >>> batch.advance(10 * 3600 + 60)
    >>> alone = Market("SPY", seed=3)
    >>> alone.advance(10 * 3600 + 60)
    >>> bool(batch.mid[3] == alone.mid)
    True
    """

    def __init__(self, profiles, seeds: Sequence[int], start_s: float = 10 * 3600,
                 end_s: float = 14 * 3600, *, parts=(), common_seed=None, threads: int = 1):
        self.seeds = [checked_seed(seed) for seed in seeds]
        n = len(self.seeds)
        if n == 0:
            raise ValueError("seeds is empty; a batch has at least one market")
        named = [profiles] * n if isinstance(profiles, (str, Profile)) else list(profiles)
        commons = list(common_seed) if np.iterable(common_seed) else [common_seed] * n
        commons = [None if c is None else checked_seed(c, "common_seed") for c in commons]
        if len(named) != n or len(commons) != n:
            raise ValueError(f"there are {n} seeds, {len(named)} profiles and {len(commons)} "
                             f"common seeds; each must be one or {n}")
        if not 1 <= threads <= numba.config.NUMBA_NUM_THREADS:
            raise ValueError(f"threads is {threads}; it must be from 1 to "
                             f"{numba.config.NUMBA_NUM_THREADS}, the cores of this machine")
        made = {id(p): find_profile(p).with_parts(*parts) for p in named}
        self.profiles = [made[id(p)] for p in named]
        for profile in made.values():
            self.start_s, self.end_s = checked_window(profile, start_s, end_s)
        self.threads = threads
        self._views: dict[int, Market] = {}
        self._stack = self._open(commons)
        self._table = table_of_stack(self._stack)
        self._until = np.zeros(n, np.int64)
        self._status = np.zeros(n, np.int64)
        fees = [p.part(Fees) or Fees() for p in self.profiles]
        self._fee = np.array([[f.maker_fee, f.taker_fee, f.share_fee, f.cancel_fee] for f in fees])
        self._per_unit = np.array([f.fee_unit == "per_share" for f in fees])
        self._grids = [Grid(p.tick_size, "tick_size") for p in self.profiles]
        self._tick = np.array([p.tick_size for p in self.profiles])
        self._lot = np.array([p.lot_size for p in self.profiles])

    def __setstate__(self, state):
        """A copy has its arrays elsewhere."""
        self.__dict__.update(state)
        self._views, self._table = {}, table_of_stack(self._stack)

    def __len__(self) -> int:
        return len(self.seeds)

    def _open(self, commons) -> Stack:
        """Open every market alone, and lay its arrays into the rows of the stack."""
        start_ns = round(self.start_s * NS)
        kinds = {id(p): p for p in self.profiles}
        row_of = {key: k for k, key in enumerate(kinds)}
        kind = np.array([row_of[id(p)] for p in self.profiles])
        stack, minutes, path = {}, [], np.zeros(len(self), np.int64)
        for i, (profile, seed, common) in enumerate(zip(self.profiles, self.seeds, commons)):
            book, flow, tape = open_market(profile, seed, start_ns, 0, common)
            known = [k for k, table in enumerate(minutes) if np.array_equal(table, flow.minutes)]
            path[i] = known[0] if known else len(minutes)
            if not known:
                minutes.append(flow.minutes)
            named = book._asdict() | flow._asdict()
            named |= {"scratch": tape.scratch, "own_fills": tape.own, "reports": tape.reports}
            for name, array in named.items():
                if name != "minutes":
                    rows, row = ((len(kinds), kind[i]) if name in SHARED else (len(self), i))
                    _lay(stack, name, rows, row, array)
        longest = max(len(table) for table in minutes)  # after the last minute the last one holds
        stack["minutes"] = np.stack([np.pad(table, ((0, longest - len(table)), (0, 0)), "edge")
                                     for table in minutes])
        return Stack(**stack, kind=kind, path=path, fills=tape.fills, messages=tape.messages,
                     tops=tape.tops)

    @property
    def bytes_per_market(self) -> int:
        """Memory of one market in bytes, shared tables not counted; most of it is never touched."""
        arrays = [array for name, array in self._stack._asdict().items()
                  if name not in (*SHARED, "fills", "messages", "tops", "kind", "path", "minutes")]
        return sum(array.nbytes for array in arrays) // len(self)

    # -- clock ---------------------------------------------------------------------------------

    @property
    def clock_s(self) -> np.ndarray:
        """Your time in each market, seconds after midnight, shape (N,)."""
        return self._stack.clock[:, C_TRADER] / NS

    def advance(self, until_s) -> None:
        """Let every market run until `until_s` (one time, or one for each), in one kernel call.

        Raises
        ------
        ValueError
            When a time lies before the clock of its market or after the end of the window.
        """
        until = np.broadcast_to(np.asarray(until_s, dtype=float), (len(self),))
        trader_ns = np.rint(until * NS).astype(np.int64)
        late = ~(trader_ns >= self._stack.clock[:, C_TRADER]) | ~(until <= self.end_s + 1e-9)
        if late.any():
            i = int(np.argmax(late))
            raise ValueError(f"advance() got {until[i]} s for market {i}; it must lie between its "
                             f"clock, {self.clock_s[i]} s, and the end, {self.end_s} s")
        with np.errstate(over="ignore"):
            see_all(self._table, trader_ns, self._until)
        self._run()

    def _run(self) -> None:
        """Run to `_until`; a market whose buffers are full is emptied and goes on."""
        self._status[:] = TAPE_FULL
        while True:
            with np.errstate(over="ignore"):
                run_markets(self._table, self._until, self._status, self.threads)
            full = np.flatnonzero(self._status == TAPE_FULL)
            if len(full) == 0:
                return
            for i in full:
                self[int(i)]._empty_tape()

    # -- own orders ----------------------------------------------------------------------------

    def submit(self, markets, sides, sizes, prices=None, kind="limit") -> np.ndarray:
        """Send one order to each of some markets; without latency they reach the books at once.

        Parameters
        ----------
        markets : array-like of int, shape (m,)
            Indices; one may occur several times.
        sides : array-like of +1 / -1, or one side
        sizes, prices : array-like of float, or one number
            In each market's units; prices on its grid, not needed for market orders.
        kind : str or Kind
            The same for all.

        Returns
        -------
        ndarray of int64, shape (m,)
            Order ids. What became of them is in ``batch[i].reports`` (a refusal, too).

        Raises
        ------
        ValueError
            When a size or price is not allowed, naming the market.
        """
        rows = self._rows(markets)
        m = len(rows)
        kind = kind_of(kind)
        if np.ndim(sides) == 0:
            sides = as_side(sides)
        side = np.broadcast_to(np.asarray(sides, dtype=np.int64), (m,))
        if m and not np.isin(side, (1, -1)).all():
            raise ValueError("sides must be +1 (buy) or -1 (sell)")
        lots = self._units(rows, sizes, self._lot, 1, 2**31 - 1, "size")
        if prices is None:
            if kind.name != "MARKET":
                raise ValueError(f"a {kind.name} order needs a price; only MARKET orders go "
                                 f"without")
            ticks = np.zeros(m, np.int64)
        else:
            whole = self._stack.whole[self._stack.kind[rows]]
            low, high = whole[:, W_LOW], whole[:, W_HIGH]
            ticks = self._units(rows, prices, self._tick, low, high, "price")
        ids = np.zeros(m, np.int64)
        self._send(rows, np.full(m, int(kind)), side, ticks, lots, ids)
        return ids

    def cancel(self, markets, order_ids) -> None:
        """Send a cancel for one own order in each of some markets."""
        rows = self._rows(markets)
        ids = np.broadcast_to(np.asarray(order_ids, dtype=np.int64), rows.shape).copy()
        wrong = ids[(ids < 1) | (ids > LARGEST_ID)]
        if len(wrong):
            raise ValueError(f"order id {wrong[0]} is not one; ids are at least 1 and at most "
                             f"{LARGEST_ID}")
        nil = np.zeros(len(rows), np.int64)
        self._send(rows, np.full(len(rows), int(Kind.CANCEL)), nil, nil, nil, ids)

    def _rows(self, markets) -> np.ndarray:
        """Indices of markets, checked."""
        rows = np.atleast_1d(np.asarray(markets, dtype=np.int64))
        if len(rows) and not (0 <= rows.min() and rows.max() < len(self)):
            raise ValueError(f"markets are {rows.min()} to {rows.max()}; a batch of {len(self)} "
                             f"has 0 to {len(self) - 1}")
        return rows

    def _send(self, rows, kinds, sides, ticks, lots, ids) -> None:
        with np.errstate(over="ignore"):
            lost = send_all(self._table, rows, kinds, np.ascontiguousarray(sides), ticks, lots, ids)
        self._until[:] = self._stack.clock[:, C_NOW]
        self._run()
        if lost:
            raise ValueError(f"{lost} messages were not sent: too many are on their way already; "
                             f"advance the clock first")

    def _units(self, rows, values, steps, low, high, name) -> np.ndarray:
        values = np.broadcast_to(np.asarray(values, dtype=float), rows.shape)
        exact = values / steps[rows]
        units = np.rint(exact)
        bad = ~(np.abs(exact - units) <= 1e-6) | (units < low) | (units > high)
        if bad.any():
            k = int(np.argmax(bad))
            raise ValueError(f"{name} is {values[k]} in market {rows[k]}; it must be a whole "
                             f"number of steps of {steps[rows[k]]:g} inside the allowed range")
        return units.astype(np.int64)

    # -- what the markets show, each of shape (N,) -----------------------------------------------

    def _quote(self, best: int, orders: int) -> np.ndarray:
        scalars = self._stack.scalars
        prices = np.array([grid.value(int(ticks)) for grid, ticks in
                           zip(self._grids, scalars[:, best])], dtype=float)
        return np.where(scalars[:, orders] > 0, prices, np.nan)

    @property
    def best_bid(self) -> np.ndarray:
        """Best bid prices; NaN without bids."""
        return self._quote(BEST_BID, BID_ORDERS)

    @property
    def best_ask(self) -> np.ndarray:
        """Best ask prices; NaN without asks."""
        return self._quote(BEST_ASK, ASK_ORDERS)

    @property
    def mid(self) -> np.ndarray:
        """Middle of the best quotes; NaN where a side is empty."""
        return 0.5 * (self.best_bid + self.best_ask)

    def best_sizes(self) -> tuple[np.ndarray, np.ndarray]:
        """Sizes at the best bid and at the best ask, 0 where a side is empty."""
        stack, rows = self._stack, np.arange(len(self))
        found = []
        for best, orders in ((BEST_BID, BID_ORDERS), (BEST_ASK, ASK_ORDERS)):
            there = stack.scalars[:, orders] > 0
            level = np.where(there, stack.scalars[:, best] - stack.scalars[:, PRICE_MIN], 0)
            found.append(np.where(there, stack.levels["total"][rows, level], 0) * self._lot)
        return found[0], found[1]

    @property
    def efficient_price(self) -> np.ndarray:
        """The hidden exogenous prices; see `Market.efficient_price`."""
        return self._stack.level[:, L_EXOGENOUS] * self._tick

    @property
    def volume(self) -> np.ndarray:
        """Sizes traded since the start."""
        return self._stack.count[:, N_VOLUME] * self._lot

    @property
    def position(self) -> np.ndarray:
        """Own inventories, positive = long."""
        return self._stack.count[:, N_POSITION] * self._lot

    @property
    def fees(self) -> np.ndarray:
        """Fees paid so far (negative: rebates received)."""
        count, level = self._stack.count, self._stack.level
        maker, taker, share, cancel = self._fee.T
        made, took = count[:, N_MADE] * self._lot, count[:, N_TOOK] * self._lot
        money = self._tick * self._lot * 1e-4
        rated = np.where(self._per_unit, maker * made + taker * took,
                         money * (maker * level[:, L_MADE] + taker * level[:, L_TOOK]))
        return rated + share * (made + took) + cancel * count[:, N_OWN_CANCELS]

    @property
    def cash(self) -> np.ndarray:
        """Own cash since the start, fees deducted."""
        return self._stack.level[:, L_CASH] * self._tick * self._lot - self.fees

    def __getitem__(self, i: int) -> Market:
        """Market `i` as a `Market` that shares its arrays: read it, or trade in it alone."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"market {i} of a batch of {len(self)}")
        i %= len(self)
        if i not in self._views:
            self._views[i] = Market._of_arrays(
                self.profiles[i], self.seeds[i], (self.start_s, self.end_s),
                arrays_of(self._stack, i))
        self._views[i]._take_own()
        return self._views[i]

    def __iter__(self):
        return (self[i] for i in range(len(self)))


def _lay(stack: dict, name: str, rows: int, row: int, array: np.ndarray) -> None:
    """Copy an array into its row; the stack of that name is made at the first, grown if short.

    What is longer than the array itself must mean nothing to its market: tables are read by their
    own lengths, distances beyond the last of `cancel_shape` have the last chance, and halts and
    recorded messages that are none never come.
    """
    whole = stack.get(name)
    if whole is None or (np.array(array.shape) > whole.shape[1:]).any():
        old = whole
        shape = array.shape if old is None else np.maximum(array.shape, old.shape[1:])
        whole = stack[name] = np.zeros((rows, *shape), array.dtype)
        for k in range(rows):
            _fill_row(name, whole[k], array if old is None else old[k])
    _fill_row(name, whole[row], array)


def _fill_row(name: str, row: np.ndarray, array: np.ndarray) -> None:
    """Copy an array to the front of a row (modified), and what means nothing to the rest."""
    if name == "cancel_shape":
        row[:] = array[-1]
    elif name == "halts":
        row[:] = NEVER
    elif name == "recorded":
        row["time_ns"] = NEVER
    row[tuple(slice(n) for n in array.shape)] = array
