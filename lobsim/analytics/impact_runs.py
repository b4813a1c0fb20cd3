"""Working orders in many markets at once: legs, what they cost, and the same markets without them.

Every market is run twice with one seed: with the order and without it. The exogenous price and
all random streams are shared, so what differs is what the order did. Costs are positive for whoever
trades, prices of the markets without the order are called free.
"""

from dataclasses import dataclass

import numpy as np

from lobsim.analytics._checks import one_of, side_sign
from lobsim.market import MarketBatch, Profile
from lobsim.market.parts import Fundamental, Latency
from lobsim.market.profiles import find_profile

STYLES = ("market", "passive")
_TOGETHER = 128  # markets in one batch: enough to keep calls rare, few enough to stay small
_INTERVAL_S = 15.0
_RESOLUTION = 9  # decimals of a second at which two times are the same


@dataclass(frozen=True)
class Leg:
    """One order worked by an even schedule.

    Parameters
    ----------
    side : str or int
        "buy", "sell", +1 or -1.
    quantity : float
        In the profile's size unit, a whole number of lots.
    start_s : float
        Seconds after midnight.
    duration_s : float
        Seconds; slice k of n is sent at ``(k + 1/2) / n`` of it, so that the schedule has neither
        a head start nor a tail.
    slices : int
        Child orders; 1 trades all at once, in the middle.
    style : str
        ``"market"``: every slice takes. ``"passive"``: every slice is a limit order at the own
        best quote, which is withdrawn when the next one is due and its rest joined to that;
        what is left at the end of the leg takes.
    closes : bool
        Trade what the legs before it left in each market, in place of the quantity: the way out
        of a round trip whose way in found too little in the book.
    """

    side: str | int
    quantity: float
    start_s: float
    duration_s: float
    slices: int
    style: str = "market"
    closes: bool = False

    def __post_init__(self):
        object.__setattr__(self, "side", side_sign(self.side))
        one_of(self.style, STYLES, "style")
        if not (self.quantity > 0 and self.duration_s > 0):
            raise ValueError(f"quantity is {self.quantity} and duration_s {self.duration_s}; "
                             f"both must be positive")
        if self.slices < 1 or int(self.slices) != self.slices:
            raise ValueError(f"slices is {self.slices}; it must be a whole number of at least 1")

    @property
    def end_s(self) -> float:
        """Seconds after midnight at which it is done."""
        return self.start_s + self.duration_s

    @property
    def times_s(self) -> np.ndarray:
        """When its slices are sent, shape (slices,)."""
        at = self.start_s + self.duration_s * (np.arange(self.slices) + 0.5) / self.slices
        return at.round(_RESOLUTION)

    def due(self, lot_size: float) -> np.ndarray:
        """What should have been traded with each slice, whole lots, shape (slices,)."""
        lots = np.rint(self.quantity / lot_size * np.arange(1, self.slices + 1) / self.slices)
        return lots * lot_size


@dataclass(frozen=True, eq=False)
class Worked:
    """What legs did in n markets; costs as sums of currency over all fills, shape (n,).

    ``half_spread + walking + impact + free_move`` is ``total``, for takers: the cost against the
    price at the start. A passive fill is booked against the free mid when it was seen, its parts
    are not told apart, and the sum stands in ``impact``.

    Attributes
    ----------
    mids : ndarray, shape (n, m)
        At the times of the grid.
    traded : ndarray, shape (n,)
        Size bought and sold, without sign.
    position, cash, fees : ndarray, shape (n,)
        At the end; cash from 0, without the fees, which are positive when paid.
    half_spread, walking, impact, free_move : ndarray, shape (n,)
        From the mid to the best quote; from there to the fills; what the order had moved the mid
        by then; what the mid would have done anyway.
    planned : ndarray, shape (n,)
        Cash that the schedule would have left when every slice had traded at its free mid.
    """

    mids: np.ndarray
    traded: np.ndarray
    position: np.ndarray
    cash: np.ndarray
    fees: np.ndarray
    half_spread: np.ndarray
    walking: np.ndarray
    impact: np.ndarray
    free_move: np.ndarray
    planned: np.ndarray


class FreeMids:
    """Mids of untouched markets at given times, run once for every seed.

    Parameters
    ----------
    profile : Profile
    seeds : sequence of n ints
    times_s : array-like of m floats
        Seconds after midnight, any order; repeated times count once.
    start_s : float
        When the markets open.
    threads : int
    """

    def __init__(self, profile: Profile, seeds, times_s, start_s: float, threads: int = 1):
        self.times_s = np.unique(np.asarray(times_s, dtype=float).round(_RESOLUTION))
        self.mids = np.empty((len(seeds), len(self.times_s)))
        for rows in _groups(len(seeds)):
            batch = _open(profile, [seeds[i] for i in rows], start_s, self.times_s[-1], threads)
            last = np.full(len(rows), np.nan)
            for k, time_s in enumerate(self.times_s):
                batch.advance(time_s)
                last = _known(batch.mid, last)
                self.mids[rows, k] = last

    def at(self, times_s) -> np.ndarray:
        """Mids at some of the times, shape (n, len(times_s)).

        Raises
        ------
        ValueError
            When the markets were not looked at then.
        """
        wanted = np.asarray(times_s, dtype=float).round(_RESOLUTION)
        k = np.searchsorted(self.times_s, wanted).clip(max=len(self.times_s) - 1)
        if (self.times_s[k] != wanted).any():
            raise ValueError(f"the free mids were not kept at {wanted[self.times_s[k] != wanted]}")
        return self.mids[:, k]


def work(profile: Profile, seeds, legs, grid_s, free: FreeMids, start_s: float,
         threads: int = 1) -> Worked:
    """Run markets with one order each, worked as `legs` say.

    Parameters
    ----------
    profile : Profile
    seeds : sequence of n ints
    legs : sequence of Leg
        In order of time, not overlapping.
    grid_s : array-like of m floats
        When mids are kept; where a slice is due at the same time, before it.
    free : FreeMids
        Of the same profile and seeds, at `needed_times(legs, grid_s)`.
    start_s : float
        When the markets open; the price then is the arrival price of every leg.
    threads : int
    """
    done = [_work_some(profile, [seeds[i] for i in rows], legs, np.asarray(grid_s, dtype=float),
                       some_of(free, rows), start_s, threads)
            for rows in _groups(len(seeds))]
    names = Worked.__dataclass_fields__
    return Worked(**{name: np.concatenate([getattr(part, name) for part in done])
                     for name in names})


def needed_times(legs, grid_s, start_s: float) -> np.ndarray:
    """All times at which the free mids of these legs are asked for."""
    return np.concatenate([[start_s], grid_s, *(leg.times_s for leg in legs),
                           [leg.end_s for leg in legs]])


def some_of(free: FreeMids, rows) -> FreeMids:
    """The same for some of the seeds."""
    part = object.__new__(FreeMids)
    part.times_s, part.mids = free.times_s, free.mids[rows]
    return part


def settled(profile: str | Profile) -> Profile:
    """The profile by name or itself, without latency: the market is looked at, not the wire."""
    return find_profile(profile).without(Latency)


def daily_volatility_bps(profile: Profile) -> float:
    """Standard deviation of the efficient price's change over one day, in bps.

    Raises
    ------
    ValueError
        When the profile has no `Fundamental`: its volatility is then what its flow makes it.
    """
    path = profile.part(Fundamental)
    if path is None:
        raise ValueError(f"profile {profile.name} has no Fundamental; give its daily volatility "
                         f"as sigma_bps")
    return path.volatility_bps * ((profile.day_end_s - profile.day_start_s) / 60.0) ** 0.5


def slices_of(duration_s: float, interval_s: float = _INTERVAL_S) -> int:
    """Slices of an order that trades about every `interval_s`; at least 1."""
    return max(1, round(duration_s / interval_s))


# -- one batch ---------------------------------------------------------------------------------


class _Account:
    """Costs of one batch, booked slice by slice."""

    def __init__(self, batch: MarketBatch, free: FreeMids, start_s: float):
        self.batch, self.free = batch, free
        n = len(batch)
        self.sums = {name: np.zeros(n) for name in
                     ("traded", "half_spread", "walking", "impact", "free_move", "planned")}
        self.arrival = free.at([start_s])[:, 0]
        self.mid = batch.mid
        self.position, self.cash = np.zeros(n), np.zeros(n)

    def look(self) -> np.ndarray:
        """The mids now; a side that ran empty leaves the last one."""
        self.mid = _known(self.batch.mid, self.mid)
        return self.mid

    def flow(self) -> tuple[np.ndarray, np.ndarray]:
        """Signed size and cash (fees left out) since it was last asked for."""
        position, cash = self.batch.position, self.batch.cash + self.batch.fees
        size, money = position - self.position, cash - self.cash
        self.position, self.cash = position, cash
        return size, money

    def passive(self, time_s: float) -> None:
        """Book what limit orders got since the last look."""
        size, money = self.flow()
        free = self.free.at([time_s])[:, 0]
        self.sums["traded"] += abs(size)
        self.sums["impact"] += -money - size * free
        self.sums["free_move"] += size * (free - self.arrival)

    def take(self, rows, side: int, sizes, time_s: float) -> None:
        """Send market orders and book their parts."""
        mid = self.look()
        best = _known(self.batch.best_ask if side > 0 else self.batch.best_bid, mid)
        self.batch.submit(rows, side, sizes, kind="market")
        size, money = self.flow()
        free = self.free.at([time_s])[:, 0]
        self.sums["traded"] += abs(size)
        self.sums["half_spread"] += size * (best - mid)
        self.sums["walking"] += -money - size * best
        self.sums["impact"] += size * (mid - free)
        self.sums["free_move"] += size * (free - self.arrival)

    def plan(self, side: int, sizes: float, time_s: float) -> None:
        """Note the cash of the same slice without any cost."""
        self.sums["planned"] -= side * sizes * self.free.at([time_s])[:, 0]


def _work_some(profile, seeds, legs, grid_s, free, start_s, threads) -> Worked:
    """`work` for one batch."""
    times = np.unique(needed_times(legs, grid_s, start_s).round(_RESOLUTION))
    batch = _open(profile, seeds, start_s, times[-1], threads)
    account = _Account(batch, free, start_s)
    mids, kept = np.empty((len(seeds), len(grid_s))), grid_s.round(_RESOLUTION)
    working = [_Working(leg, profile.lot_size) for leg in legs]
    for time_s in times:
        batch.advance(time_s)
        mids[:, kept == time_s] = account.look()[:, None]
        for leg in working:
            leg.step(account, time_s)
    return Worked(mids=mids, position=account.position, cash=account.cash,
                  fees=batch.fees, **account.sums)


class _Working:
    """A leg under way in all markets of a batch."""

    def __init__(self, leg: Leg, lot_size: float):
        self.leg, self.lot = leg, lot_size
        self.times = leg.times_s
        self.due = leg.due(lot_size)
        self.base = None  # positions when it began
        self.resting = None  # ids of limit orders, 0 where none

    def step(self, account: _Account, time_s: float) -> None:
        """Do what is due at this time."""
        leg = self.leg
        k = int(np.searchsorted(self.times, time_s))
        is_slice = k < len(self.times) and self.times[k] == time_s
        is_end = time_s == round(leg.end_s, _RESOLUTION) and leg.style == "passive"
        if not (is_slice or is_end):
            return
        if self.base is None:
            account.passive(time_s)
            self.base = account.position.copy()
        if leg.style == "passive":
            self._withdraw(account, time_s)
        if is_slice:
            before = self.due[k - 1] if k else 0.0
            account.plan(leg.side, self.due[k] - before, time_s)
        target = self.due[k] if is_slice else self.due[-1]
        if leg.closes:
            target = np.rint(target / leg.quantity * abs(self.base) / self.lot) * self.lot
        left = target - leg.side * (account.position - self.base)
        sizes = np.rint(left / self.lot) * self.lot
        rows = np.flatnonzero(sizes > 0)
        if len(rows) == 0:
            return
        if leg.style == "market" or is_end:
            account.take(rows, leg.side, sizes[rows], time_s)
        else:
            self._rest(account, rows, sizes)

    def _withdraw(self, account, time_s) -> None:
        """Take the resting orders off the book and book what they got."""
        if self.resting is not None:
            alive = np.flatnonzero(self.resting)
            if len(alive):
                account.batch.cancel(alive, self.resting[alive])
        self.resting = None
        account.passive(time_s)

    def _rest(self, account, rows, sizes) -> None:
        """Join the own best quote; where there is none, wait for the next slice."""
        best = account.batch.best_bid if self.leg.side > 0 else account.batch.best_ask
        rows = rows[np.isfinite(best[rows])]
        self.resting = np.zeros(len(best), np.int64)
        if len(rows):
            ids = account.batch.submit(rows, self.leg.side, sizes[rows], best[rows])
            self.resting[rows] = ids


def _open(profile, seeds, start_s, end_s, threads) -> MarketBatch:
    """Markets from the start to a little after the last time."""
    end = min(float(np.ceil(end_s)) + 1.0, profile.day_end_s)
    if end_s > profile.day_end_s or start_s < profile.day_start_s:
        raise ValueError(f"the order and its aftermath run from {start_s} s to {end_s} s; they "
                         f"must lie within the day, {profile.day_start_s} to {profile.day_end_s} s")
    return MarketBatch(profile, seeds, start_s, end, threads=threads)


def _groups(n: int):
    """Rows 0 to n in groups that are run together."""
    return [np.arange(at, min(at + _TOGETHER, n)) for at in range(0, n, _TOGETHER)]


def _known(values: np.ndarray, last: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), last, values)
