"""An auditor of portfolio days: looks for violations of clients' limits in the fills alone."""

import numpy as np

from lobsim.envs import execution_layout as at
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.market.parts import Latency
from lobsim.market.state import OWN

__all__ = ["VIOLATIONS", "Auditor"]

VIOLATIONS = ("over_quantity", "wrong_side", "over_cap", "over_net", "after_deadline",
              "incomplete", "unaccounted")
_ROUNDING = 1e-6
_NEVER_NS = 1 << 61


class Auditor:
    """Counts violations on the days of a core, from what the venues tell and what clients asked.

    It knows nothing of how limits are enforced. It reads the own fills of every decision, in order
    of time over all names, and the volumes at its start. At each fill the market's volume is at
    least what it was then and what was filled since, and the block's share of *that* is compared
    with its cap; so is the net at arrival prices with its bound.

    Parameters
    ----------
    core : PortfolioCore
        Just opened; call `look` after every step.

    Attributes
    ----------
    counts : dict of str to int
        By kind, see `VIOLATIONS`: lots beyond the quantity; a fill of the other side; a share of
        volume beyond the cap; a net beyond its bound; a fill after the deadline; a block that ended
        below its smallest completion with neither cap nor net in its way; fills that do not add up
        to what the environment tells.
    by_day : ndarray, shape (N,)
        Violations of each day.
    dry : int
        Blocks that ended below their smallest completion because the last orders found no more
        in the book, or came too late: the environment says so, and fills do not tell.

    Examples
    --------
    >>> from lobsim.envs.portfolio_settings import PortfolioSettings
    >>> core = PortfolioCore(1, PortfolioSettings(names=2, horizon_s=120))
    >>> outcome = core.fresh()
    >>> core.open([0], [5], outcome)
    >>> auditor = Auditor(core)
    >>> _ = core.step(outcome.seen[:, :2] * 0 + 1)
    >>> auditor.look()
    >>> sum(auditor.counts.values())
    0
    """

    def __init__(self, core: PortfolioCore):
        self.core, shape = core, (len(core), core.names_count)
        self.counts = dict.fromkeys(VIOLATIONS, 0)
        self.dry, self.by_day = 0, np.zeros(len(core))
        self.filled = np.zeros(shape, np.int64)
        self._seen = np.zeros(shape, np.int64)  # volume at the start of the step
        self._ended = np.zeros(shape, bool)
        self._blocks = [list(day.blocks) for day in core.days]
        self._lots = np.zeros(shape, np.int64)
        self._least, self._price = np.zeros(shape, np.int64), np.zeros(shape)
        for e, day in enumerate(core.days):
            for n, (one, profile) in enumerate(zip(day.blocks, day.profiles, strict=True)):
                if one is not None:
                    self._lots[e, n] = round(one.quantity / profile.lot_size)
                    self._least[e, n] = np.ceil(self._lots[e, n] * one.min_completion - 1e-9)
                    self._price[e, n] = core.market(e, n).mid * profile.lot_size
        self._sides = np.array([[0 if one is None else one.side for one in row]
                                for row in self._blocks])
        self._gross = (self._price * self._lots).sum(axis=1)
        self._start = -(self._sides * self._price * self._lots).sum(axis=1)
        self._net = self._start.copy()
        self._going = np.ones(len(core), bool)

    def look(self) -> None:
        """Read what happened in the last step."""
        core = self.core
        self._before, self._net_before = self.filled.copy(), self._net.copy()
        for e in np.flatnonzero(self._going):
            fills = [(int(fill["time_ns"]), n, fill) for n in range(core.names_count)
                     if self._blocks[e][n] is not None and not self._ended[e, n]
                     for fill in core.fills(e, n)]
            since, before = np.zeros(core.names_count, np.int64), sum(self.counts.values())
            for time_ns, n, fill in sorted(fills, key=lambda one: one[:2]):
                self._read(e, n, time_ns, fill, since)
            self._end(e)
            self.by_day[e] += sum(self.counts.values()) - before
        self._seen = core.volume_lots
        self._going = core.alive

    def _read(self, e, n, time_ns, fill, since):
        block, size = self._blocks[e][n], int(fill["size"])
        side = int(fill["taker_side"]) if fill["taker_owner"] == OWN else -int(fill["taker_side"])
        self.counts["wrong_side"] += side != block.side
        self.filled[e, n] += size
        since[n] += size
        self.counts["over_quantity"] += self.filled[e, n] > self._lots[e, n]
        volume = self._seen[e, n] + since[n]
        allowed = block.max_participation * volume + _ROUNDING
        self.counts["over_cap"] += block.max_participation < 1 and self.filled[e, n] > allowed
        self._net[e] += side * size * self._price[e, n]
        low, high = self._bounds(e)
        slack = _ROUNDING * self._gross[e]
        self.counts["over_net"] += not low - slack <= self._net[e] <= high + slack
        day, every_s = self.core.days[e], self.core.settings.interval_s
        decisions = np.ceil(block.deadline_s / every_s - 1e-9)
        late_ns = self._latency(e, n)
        end_ns = round((day.start_s + decisions * every_s) * 1e9) + late_ns
        self.counts["after_deadline"] += time_ns > end_ns

    def _latency(self, e, n) -> int:
        """How long a message of before the deadline may take: jitter has no bound."""
        latency = self.core.days[e].profiles[n].part(Latency)
        if latency is None:
            return 0
        if latency.cancel_jitter_s or latency.order_jitter_s:
            return _NEVER_NS
        return round(max(latency.cancel_s, latency.order_s) * 1e9)

    def _bounds(self, e) -> tuple[float, float]:
        settings = self.core.settings
        if settings.neutral is None:
            return -np.inf, np.inf
        room = max(settings.most_net * self._gross[e], abs(self._start[e]))
        middle = self._start[e] if settings.neutral == "cash" else 0.0
        return middle - room, middle + room

    def _end(self, e):
        """Look at blocks that ended in this step."""
        core = self.core
        over = [n for n, block in enumerate(self._blocks[e])
                if block is not None and not self._ended[e, n] and not core.working[e, n]]
        for n in over:
            i = e * core.names_count + n
            told = core.notes[i, at.I_FILLED] / core.days[e].profiles[n].lot_size
            self.counts["unaccounted"] += abs(told - self.filled[e, n]) > _ROUNDING
            if self.filled[e, n] >= self._least[e, n]:
                continue
            if core.bound[i, pl.B_WHY] == pl.BY_BOOK:
                self.dry += 1
            elif not self._is_excused(e, n):
                self.counts["incomplete"] += 1
        self._ended[e, over] = True

    def _is_excused(self, e, n) -> bool:
        """Whether a limit left too little room when the last decision was made."""
        block, before = self._blocks[e][n], self._before[e]
        must = self._least[e] - before
        if block.max_participation < 1:
            room = block.max_participation * self._seen[e, n] - before[n]
            if np.floor(room / (1 - block.max_participation)) < must[n]:
                return True
        low, high = self._bounds(e)
        room = high - self._net_before[e] if block.side > 0 else self._net_before[e] - low
        mine = (self._sides[e] == block.side) & ~self._ended[e]
        return room < (np.maximum(must, 0) * self._price[e])[mine].sum()
