"""Portfolio days under watch: what anyone could see of each name, and a predator who reads it.

`WatchedDays` is a `PortfolioCore` that notes the public tapes of its markets: trades without names
and every change of the best quotes. `HuntedDays` hands them to a detector of parent orders, on
which the predators of the markets trade (`lobsim.strategies.HuntedMarket` is the same for a single
order). Watching changes nothing; a day of either is a day of a `PortfolioCore`, bit for bit.
"""

from collections.abc import Callable, Collection

import numpy as np
import pandas as pd

from lobsim.analytics.leak_detector import LeakageDetector
from lobsim.analytics.leakage import tape_features
from lobsim.envs import execution_layout as at
from lobsim.envs.clients import expected_volume
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.market.curve import cumulative_share
from lobsim.market.kernel import DONE, run
from lobsim.market.ledger import Ledger
from lobsim.market.opening import new_tape
from lobsim.market.parts import Predator
from lobsim.market.profile import Profile
from lobsim.market.recording import top_table
from lobsim.market.state import (C_NOW, L_PREDATOR_CASH, L_SIGNAL, L_SIGNAL_VAR, N_OWN_FILLS,
                                 N_PREDATOR_POSITION, N_REPORTS, N_TAPE_FILLS, N_TAPE_MESSAGES,
                                 N_TAPE_TOPS, NS, W_RECORD)
from lobsim.market.venue import KEEP_ALL, note_top

__all__ = ["HuntedDays", "WatchedDays", "sized_predator"]

_LOUD = 1e15  # the market's own signal, in lots, is nothing beside the detector's times this
_THRESHOLD = 0.5  # any: scores are brought to it
_ROOM = 1 << 17  # rows of the buffers: more events than a name has in any decision of minutes


class WatchedDays(PortfolioCore):
    """N days of a desk, with the public tape of every name that has a block.

    Parameters
    ----------
    count : int
    settings : PortfolioSettings
        As those of `PortfolioCore`.

    Examples
    --------
    >>> core = WatchedDays(1, PortfolioSettings(names=2, horizon_s=120))
    >>> core.open([0], [5], core.fresh())
    >>> _ = core.step([[0.0, 0.0]])
    >>> list(core.prints(0, 1).columns)
    ['time_ns', 'price', 'size', 'sign']
    """

    def __init__(self, count: int, settings: PortfolioSettings):
        super().__init__(count, settings)
        rows = len(self) * self.names_count
        self._buffers: list[tuple | None] = [None] * rows
        self._told: list[dict[str, list]] = [{"fills": [], "tops": []} for _ in range(rows)]

    def begin(self, rows, seeds, seen):
        """Open the markets of some days and switch their recordings on."""
        super().begin(rows, seeds, seen)
        for i in self._with_blocks(rows):
            self._record(i)

    def advance(self, actions, rows, outcome):
        """One decision of some days; then the tapes are read."""
        super().advance(actions, rows, outcome)
        for i in self._with_blocks(rows):
            self._empty(i)

    def _with_blocks(self, rows) -> list[int]:
        m = self.names_count
        return [int(e) * m + n for e in rows for n in range(m)
                if self.days[e].blocks[n] is not None]

    def _profile(self, i: int):
        return self.days[i // self.names_count].profiles[i % self.names_count]

    def _record(self, i: int) -> None:
        """Give a market buffers that no decision can fill: the kernel of days empties none."""
        book, flow, tape = self._markets.arrays(i)
        if self._buffers[i] is None:
            new = new_tape(self._profile(i), KEEP_ALL)
            self._buffers[i] = tuple(np.zeros(_ROOM, one.dtype)
                                     for one in (new.fills, new.messages, new.tops))
        tape = tape._replace(**dict(zip(("fills", "messages", "tops"), self._buffers[i],
                                        strict=True)))
        self._markets.replace_tape(i, tape)
        flow.whole[W_RECORD] = KEEP_ALL
        self._told[i] = {"fills": [], "tops": []}
        note_top(book, flow, tape, int(flow.clock[C_NOW]))
        self._empty(i)

    def _empty(self, i: int) -> None:
        _, flow, tape = self._markets.arrays(i)
        for name, entry in (("fills", N_TAPE_FILLS), ("tops", N_TAPE_TOPS)):
            if flow.count[entry]:
                self._told[i][name].append(getattr(tape, name)[:flow.count[entry]].copy())
        flow.count[N_TAPE_FILLS] = flow.count[N_TAPE_MESSAGES] = flow.count[N_TAPE_TOPS] = 0

    # -- what anyone can see ---------------------------------------------------------------------

    def _row(self, e: int, n: int) -> int:
        if self.days[e] is None or self.days[e].blocks[n] is None:
            raise ValueError(f"name {n} of day {e} has no tape; nobody wants to trade it")
        return e * self.names_count + n

    def _since(self, i: int, name: str, from_ns: int) -> np.ndarray:
        """Records of the chunks that reach beyond `from_ns`, and of the one before them."""
        chunks = self._told[i][name]
        first = len(chunks)
        while first > 0 and chunks[first - 1]["time_ns"][-1] >= from_ns:
            first -= 1
        return np.concatenate(chunks[max(first - 1, 0):]) if chunks else np.zeros(
            0, self._buffers[i][0 if name == "fills" else 2].dtype)

    def prints(self, e: int, n: int, from_ns: int = 0) -> pd.DataFrame:
        """``time_ns, price, size, sign`` of the trades; nobody's name is on them.

        Parameters
        ----------
        e, n : int
            Day and name.
        from_ns : int
            Trades before this moment may be left out.
        """
        fills = self._since(self._row(e, n), "fills", from_ns)
        ledger = Ledger(self.days[e].profiles[n])
        return pd.DataFrame({
            "time_ns": fills["time_ns"].astype(np.int64),
            "price": ledger.prices(fills["price_ticks"]), "size": ledger.sizes(fills["size"]),
            "sign": fills["taker_side"].astype(np.int8)})

    def quotes(self, e: int, n: int, from_ns: int = 0) -> pd.DataFrame:
        """``time_ns, bid, bid_size, ask, ask_size`` after each change of the best quotes."""
        tops = self._since(self._row(e, n), "tops", from_ns)
        return top_table(tops, Ledger(self.days[e].profiles[n]))

    def features(self, e: int, n: int, window_s: float, *, step_s: float | None = None,
                 start_s: float | None = None, end_s: float | None = None) -> pd.DataFrame:
        """:func:`lobsim.analytics.tape_features` of one name, while its block is at work.

        Parameters
        ----------
        e, n : int
            Day and name.
        window_s, step_s, start_s, end_s : float
            As there; by default from the arrival of the block to its deadline, whenever it was
            done. Volume is compared with that of an ordinary day of the name.
        """
        i, day, ordinary = self._row(e, n), self.days[e], self.settings.market.profiles[n]
        if end_s is None:
            end_s = day.start_s + float(self.ends[e, n]) * self.settings.interval_s
        start_s = day.start_s if start_s is None else start_s
        from_ns = round(start_s * NS)
        self._play_on(i, round(end_s * NS))
        return tape_features(
            self.prints(e, n, from_ns), self.quotes(e, n, from_ns), window_s, step_s=step_s,
            start_s=start_s, end_s=end_s, tick_size=ordinary.tick_size,
            expected_volume=lambda times_s: (
                _whole_day(ordinary) * cumulative_share(ordinary, times_s)))

    def _play_on(self, i: int, until_ns: int) -> None:
        """Let the market of a block that was done early, or is over, run without it."""
        _, flow, _ = self._markets.arrays(i)
        if flow.clock[C_NOW] >= until_ns:
            return
        if self.word[i, at.E_ALIVE]:
            e, n = divmod(i, self.names_count)
            raise ValueError(f"the block in name {n} of day {e} is at work; its market has not "
                             f"come to {until_ns / NS:g} s yet")
        with np.errstate(over="ignore"):
            while run(self._markets.table, i, until_ns) != DONE:
                flow.count[N_OWN_FILLS] = flow.count[N_REPORTS] = 0
                self._empty(i)
        self._empty(i)


class HuntedDays(WatchedDays):
    """Days on which each name has a predator that trades on a detector of parent orders.

    Every `look_s`, which is a whole number of decisions, the detector reads the tape of the last
    `window_s` of each name. Beyond `threshold` the predator takes on the side it detects, slice by
    slice up to its limit, and it unwinds when the score falls below half of that.

    Parameters
    ----------
    count : int
    settings : PortfolioSettings
        Of a universe in which every name has a `Predator` (`sized_predator`).
    detector : LeakageDetector
        Fitted, on other days.
    threshold : float
        Of ``|detector.lean|``, between 0 and 1.
    window_s, look_s : float
        Length of the windows the detector was fitted to, and seconds between two looks.
    prey : collection of str, optional
        Names that it hunts in; in all by default. Where the spread is wide, taking in and out costs
        a predator more than an order can bring it.

    Raises
    ------
    ValueError
        When a name has no predator, the threshold is not between 0 and 1, or `look_s` is no whole
        number of decisions.
    """

    def __init__(self, count: int, settings: PortfolioSettings, detector: LeakageDetector,
                 threshold: float, *, window_s: float = 300.0, look_s: float = 120.0,
                 prey: Collection[str] | None = None):
        super().__init__(count, settings)
        names = [one.name for one in settings.market.profiles]
        if not set(prey or names) <= set(names):
            raise ValueError(f"prey is {sorted(prey)}; it must be among the names of the universe, "
                             f"{', '.join(names)}")
        self._is_prey = np.array([prey is None or name in prey for name in names])
        lone = [one.name for one in settings.market.profiles if one.part(Predator) is None]
        if lone:
            raise ValueError(f"{lone[0]} has no predator; make the settings with "
                             f"parts=(sized_predator(share),)")
        if not 0 < threshold < 1:
            raise ValueError(f"threshold is {threshold}; it must lie between 0 and 1")
        every = look_s / settings.interval_s
        if not (every >= 1 and float(every).is_integer()):
            raise ValueError(f"look_s is {look_s}; it must be a whole number of decisions of "
                             f"{settings.interval_s:g} s")
        self._detector, self._threshold = detector, float(threshold)
        self._window_s, self._every = float(window_s), int(every)
        self.leans = np.zeros((len(self), self.names_count))
        """The latest score of each name, -1 to 1; 0 until there is a whole window."""

    def begin(self, rows, seeds, seen):
        """Open some days; predators know nothing yet."""
        super().begin(rows, seeds, seen)
        self.leans[rows] = 0.0
        for i in self._with_blocks(rows):
            self._tell(i, 0.0)

    def advance(self, actions, rows, outcome):
        """One decision of some days; then the detector looks, and predators are told."""
        was = self.working
        super().advance(actions, rows, outcome)
        m, every_s = self.names_count, self.settings.interval_s
        for i in self._with_blocks(rows):
            e, n = divmod(i, m)
            if not (was[e, n] and self._is_prey[n]):
                continue
            step = int(self.step_number[e])
            if step % self._every == 0 and step * every_s >= self._window_s - 1e-9:
                now_s = self.days[e].start_s + step * every_s
                seen = self.features(e, n, self._window_s, start_s=now_s - self._window_s,
                                     end_s=now_s)
                self.leans[e, n] = self._detector.lean(seen)[-1]
            self._tell(i, self.leans[e, n])

    def _tell(self, i: int, score: float) -> None:
        """Put the detector's score in the place of the predator's own signal.

        The kernel compares signal / sqrt(variance) with its threshold. Both are set so large that
        flow adds nothing to them; they are set at every decision, as the signal decays.
        """
        level = self._markets.arrays(i)[1].level
        ratio = self._profile(i).part(Predator).predator_threshold / self._threshold
        level[L_SIGNAL], level[L_SIGNAL_VAR] = score * ratio * _LOUD, _LOUD**2

    def predator_bps(self, e: int, unwind_s: float = 300.0) -> np.ndarray:
        """Profit of the predator in each name of a day that is over, in bps of the block's value.

        Each gives up its position in the `unwind_s` after the deadline of the block; what it then
        holds still is worth what the best quote of the other side pays. It pays no fees.

        Returns
        -------
        ndarray, shape (M,)
            NaN in a name without a block, or where it does not hunt.
        """
        found = np.full(self.names_count, np.nan)
        if self.alive[e]:
            raise ValueError(f"day {e} is not over; predators still trade")
        day, every_s = self.days[e], self.settings.interval_s
        for i in self._with_blocks([e]):
            n = i % self.names_count
            if not self._is_prey[n]:
                continue
            end_s = day.start_s + float(self.ends[e, n]) * every_s
            _, flow, _ = self._markets.arrays(i)
            self._play_on(i, round(end_s * NS))
            self._tell(i, 0.0)
            self._play_on(i, round((end_s + unwind_s) * NS))
            held = int(flow.count[N_PREDATOR_POSITION])
            market = self.market(e, n)
            price = market.best_bid if held > 0 else market.best_ask
            ticks = price / market.profile.tick_size if held and np.isfinite(price) else 0.0
            worth = flow.level[L_PREDATOR_CASH] + held * ticks
            value = self.quantity_lots[e, n] * self.real[i, at.X_ARRIVAL]
            found[n] = 1e4 * worth / value
        return found


def sized_predator(share: float = 0.01, *, horizon_s: float = 1560.0, slices: int = 10,
                   every_s: float = 10.0) -> Callable[[Profile], Predator]:
    """A predator for every name of a universe, sized by what the name trades.

    Parameters
    ----------
    share : float
        Its largest position, as a share of the volume of an average `horizon_s`; above 0.
    horizon_s : float
    slices : int
        In which it builds that, one each `every_s`; at least 1.
    every_s : float
        Above 2: a predator trusts its own signal after 30 looks, which must not be before the
        detector is heard, at the start of the day; markets open a minute before that.

    Returns
    -------
    callable
        From a profile to its `Predator`, for the `parts` of a portfolio.

    Examples
    --------
    >>> hunted = PortfolioSettings(names=2, parts=(sized_predator(0.01),))
    >>> sizes = [one.part(Predator).predator_limit for one in hunted.market.profiles]
    >>> sizes[0] > sizes[1] > 0
    True
    """
    if not (share > 0 and horizon_s > 0 and slices >= 1 and every_s > 2):
        raise ValueError(f"share is {share}, horizon_s {horizon_s}, slices {slices} and every_s "
                         f"{every_s}; the first two must be positive, slices at least 1, and "
                         f"every_s above 2")

    def part_of(one: Profile) -> Predator:
        lot = one.lot_size
        volume = _whole_day(one) * horizon_s / (one.day_end_s - one.day_start_s)
        limit = max(1, round(share * volume / lot))
        return Predator(lot * max(1, round(limit / slices)), lot * limit, predator_memory_s=1e6,
                        predator_threshold=_THRESHOLD, predator_interval_s=every_s)

    return part_of


def _whole_day(profile: Profile) -> float:
    """Volume of an ordinary day."""
    return expected_volume(profile, profile.day_start_s, profile.day_end_s - profile.day_start_s)
