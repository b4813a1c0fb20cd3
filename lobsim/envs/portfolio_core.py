"""`PortfolioCore`: N portfolio days over one kernel, without any environment around them."""

import math

import numpy as np
import pandas as pd

from lobsim.engine.units import Grid
from lobsim.envs import execution_layout as at
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.clients import expected_volume
from lobsim.envs.core import KernelCore, Outcome
from lobsim.envs.handles import Markets
from lobsim.envs.portfolio_kernel import begin_days, step_days
from lobsim.envs.portfolio_settings import NEUTRALS, Day, PortfolioSettings
from lobsim.market import Market
from lobsim.market.curve import cumulative_share
from lobsim.market.initial import expected_queue
from lobsim.market.parts import Fees, Fundamental
from lobsim.market.state import N_OWN_FILLS, N_VOLUME, NS

__all__ = ["PortfolioCore"]

_LOOK_NS = NS  # order flow is sampled each second, or once a step if that is shorter
_LARGEST = 1e9  # lots that an action may name: more is as much


class PortfolioCore(KernelCore):
    """N days of a desk: M books each, all of them advanced by one call a decision.

    Parameters
    ----------
    count : int
        N, at least 1.
    settings : PortfolioSettings

    Attributes
    ----------
    names_count : int
        M.
    notes : ndarray, shape (N * M, len(INFO_NAMES))
        What `lobsim.envs.execution` tells of an order, for each name; 0 without a block.
    covariance : ndarray, shape (N, M, M)
        Of the returns of one average decision of the window, bps^2.
    earned : ndarray, shape (N, M)
        What each name adds to the reward of the last step: its own costs, and its shares of the
        risks, x times covariance times x name by name. They sum to the reward.
    """

    names = pl.TOLD_NAMES

    def __init__(self, count: int, settings: PortfolioSettings):
        self.settings = settings
        m = self.names_count = len(settings.market)
        self.width = len(pl.NAME_OBSERVED)
        super().__init__(count, m * self.width + len(pl.BOOK_OBSERVED), m * settings.numbers)
        rows, days = len(self) * m, settings.steps
        self.days: list[Day | None] = [None] * len(self)
        self.seeds = np.zeros(len(self), np.uint64)
        self._markets = Markets(rows)
        self.word = np.zeros((rows, at.WORDS), np.int64)
        self.real = np.zeros((rows, at.REALS))
        self.schedule = np.zeros((rows, days + 1))
        self.bound = np.zeros((rows, pl.BOUNDS), np.int64)
        self.client = np.zeros((rows, pl.CLIENTS))
        self.whole = np.zeros((len(self), pl.WHOLES))
        self.covariance = np.zeros((len(self), m, m))
        self.notes = np.zeros((rows, len(at.INFO_NAMES)))
        self.earned = np.zeros((len(self), m))
        self._positions, self._carried = np.zeros((len(self), m)), np.zeros((len(self), 2, m))
        self._musts, self._ways = np.zeros((2, m), np.int64)
        self._working, self._money = np.zeros(m, bool), np.zeros(days)
        self._orders = np.zeros((rows, 3))
        self._choices = np.array([[0.0, 0.0, 0.0]])
        self._nothing = np.zeros(len(at.TERMS))
        self._scales: dict[str, np.ndarray] = {}
        self._known: dict[float, np.ndarray] = {}

    # -- episodes --------------------------------------------------------------------------------

    def begin(self, rows, seeds, seen):
        """Open the markets of some days, and look at them."""
        settings, m = self.settings, self.names_count
        for e, seed in zip(rows.tolist(), seeds, strict=True):
            day = settings.draw(int(seed))
            self.days[e], self.seeds[e] = day, seed
            self.covariance[e] = self._covariance(day.start_s)
            for n, (profile, block) in enumerate(zip(day.profiles, day.blocks, strict=True)):
                i = e * m + n
                if block is not None:
                    self._markets.open(i, profile, int(day.seeds[n]), day.start_s, day.common_seed)
                self._set_up(i, settings.market.profiles[n], block, day.start_s)
        begin_days(rows, m, settings.steps, self._markets.table, self.word, self.real,
                   self.schedule, self.bound, self.client, self.whole, self.covariance,
                   self._positions, self._carried, NEUTRALS[settings.neutral], settings.most_net,
                   self.notes, self.told, seen)

    def advance(self, actions, rows, outcome: Outcome):
        """One decision of some days."""
        settings = self.settings
        actions = np.clip(actions, -_LARGEST, _LARGEST)
        step_days(rows, self.names_count, settings.steps, self._markets.table, self.word,
                  self.real, self.schedule, self.bound, self.client, self.whole, self.covariance,
                  self._positions, self._carried, self._musts, self._ways, self._working,
                  self._money, self._orders, self._choices, settings.weights, self._nothing,
                  pl.MODES[settings.actions], settings.numbers, actions, self.notes, self.told,
                  outcome.seen, self.earned, outcome.rewards, outcome.over)

    # -- parameters of a day ---------------------------------------------------------------------

    def _covariance(self, start_s) -> np.ndarray:
        if start_s not in self._known:
            if len(self._known) > 64:
                self._known.clear()
            whole = self.settings.market.covariance(start_s, self.settings.horizon_s)
            self._known[start_s] = whole / self.settings.steps
        return self._known[start_s]

    def _set_up(self, i, profile, block, start_s):
        """Enter a block, or none, into row `i`; scales are those of an ordinary day."""
        settings, word = self.settings, self.word[i]
        interval_ns, start_ns = round(settings.interval_s * NS), round(start_s * NS)
        word[:], self.bound[i], self.real[i], self.client[i] = 0, 0, 0.0, 0.0
        word[at.E_INTERVAL_NS], word[at.E_START_NS] = interval_ns, start_ns
        if block is None:
            return
        lots = Grid(profile.lot_size, "lot_size").units(block.quantity)
        ends = max(1, math.ceil(block.deadline_s / settings.interval_s - 1e-9))
        word[at.E_SIDE], word[at.E_LOTS], word[at.E_STEPS] = block.side, lots, ends
        word[at.E_END_NS] = start_ns + ends * interval_ns
        word[at.E_LOOK_NS] = min(_LOOK_NS, interval_ns)
        word[at.E_GUARD_NS] = word[at.E_AHEAD_NS] = -1
        horizon_s = ends * settings.interval_s
        word[at.E_SLICE] = max(1, round(lots * min(settings.slice_s / horizon_s, 1.0)))
        word[at.E_SLICE_NS] = round(settings.slice_s * NS)
        word[at.E_SHIFT_NS] = round(settings.max_shift_s * NS)
        word[at.E_MODE] = at.ORDERS
        bound = self.bound[i]
        bound[pl.B_LOTS], bound[pl.B_ENDS] = lots, ends
        bound[pl.B_LEAST] = math.ceil(lots * block.min_completion - 1e-9)
        client = self.client[i]
        client[pl.C_CAP], client[pl.C_AVERSION] = block.max_participation, block.risk_aversion**0.5
        self.real[i, :at.X_ARRIVAL] = self._measure(profile, start_s, horizon_s, ends)
        self.schedule[i] = self.expected_shares(profile, start_s, ends)

    def expected_shares(self, profile, start_s: float, ends: int) -> np.ndarray:
        """Share of a window's volume that an ordinary day brings by each decision, then 1."""
        passed = self.settings.interval_s * np.minimum(np.arange(self.settings.steps + 1), ends)
        share = cumulative_share(profile, start_s + passed)
        return (share - share[0]) / (share[-1] - share[0])

    def expected_volume(self, e: int, n: int) -> float:
        """Volume that an ordinary day brings in name `n` until its deadline, in its unit."""
        seconds = float(self.ends[e, n]) * self.settings.interval_s
        return expected_volume(self.settings.market.profiles[n], self.days[e].start_s, seconds)

    def _measure(self, profile, start_s, horizon_s, ends) -> np.ndarray:
        """Fees and the scales of an observation."""
        real = np.zeros(at.X_ARRIVAL)
        tick, lot = profile.tick_size, profile.lot_size
        fees = profile.part(Fees) or Fees()
        per_unit = fees.fee_unit == "per_share"
        unit = 1.0 / tick if per_unit else 1e-4
        real[at.X_MAKER], real[at.X_TAKER] = fees.maker_fee * unit, fees.taker_fee * unit
        real[at.X_SHARE], real[at.X_CANCEL] = fees.share_fee / tick, fees.cancel_fee / (tick * lot)
        real[at.X_PER_UNIT] = per_unit
        real[at.X_TICK], real[at.X_LOT], real[at.X_MONEY] = tick, lot, tick * lot
        interval_s, volatility = self.settings.interval_s, profile.volatility_ticks_per_sqrt_s
        real[at.X_SIGMA_STEP] = max(0.5, volatility * interval_s**0.5)
        real[at.X_SIGMA_ALL] = max(1.0, volatility * horizon_s**0.5)
        path = profile.part(Fundamental)
        real[at.X_VARIANCE] = path.volatility_bps**2 / 60.0 * interval_s if path else 0.0
        real[at.X_DEPTH] = self._depth(profile)
        real[at.X_VOLUME] = max(1.0, expected_volume(profile, start_s, horizon_s) / lot / ends)
        real[at.X_DISCOUNT], real[at.X_BLIND] = self.settings.discount, self.settings.blind
        return real

    def _depth(self, profile) -> float:
        """Lots of a typical queue."""
        if profile.name not in self._scales:
            sizes = np.asarray(profile.limit_sizes, dtype=float)
            mean = (sizes[:, 0] * sizes[:, 1]).sum() / sizes[:, 1].sum() / profile.lot_size
            self._scales[profile.name] = max(1.0, float(expected_queue(profile)[0] * mean))
        return self._scales[profile.name]

    # -- to look at ------------------------------------------------------------------------------

    @property
    def alive(self) -> np.ndarray:
        """Which days are not over, shape (N,)."""
        return self._going.copy()

    def _grid(self, column) -> np.ndarray:
        return column.reshape(len(self), self.names_count)

    @property
    def step_number(self) -> np.ndarray:
        """Decisions made on each day, shape (N,)."""
        return self.whole[:, pl.W_STEP].astype(np.int64)

    @property
    def working(self) -> np.ndarray:
        """Which blocks are at work, shape (N, M)."""
        return self._grid(self.word[:, at.E_ALIVE] == 1)

    @property
    def sides(self) -> np.ndarray:
        """+1 to buy, -1 to sell, 0 without a block; shape (N, M)."""
        return self._grid(self.word[:, at.E_SIDE])

    @property
    def quantity_lots(self) -> np.ndarray:
        """Lots of each block, shape (N, M)."""
        return self._grid(self.bound[:, pl.B_LOTS])

    @property
    def filled_lots(self) -> np.ndarray:
        """Lots of each block that have traded, shape (N, M)."""
        return self._grid(self.word[:, at.E_FILLED])

    @property
    def volume_lots(self) -> np.ndarray:
        """Lots that have traded in each market since arrival, shape (N, M)."""
        found = [0 if self._markets.arrays(i) is None or self.bound[i, pl.B_LOTS] == 0
                 else int(self._markets.arrays(i)[1].count[N_VOLUME])
                 for i in range(len(self.word))]
        return self._grid(np.array(found))

    @property
    def ends(self) -> np.ndarray:
        """Decisions to the deadline of each block, counted from the start; shape (N, M)."""
        return self._grid(self.bound[:, pl.B_ENDS])

    @property
    def charges(self) -> np.ndarray:
        """What aversion charges for what is left of each block now, shape (N, M).

        bps of the gross value for a decision; those of a day sum to its variance as clients feel
        it, which ``aversion`` is the mean of over a step.
        """
        return self._positions * self._grid(self.client[:, pl.C_AVERSION]) * self._carried[:, 1]

    @property
    def own_charges(self) -> np.ndarray:
        """What each client charges for its own block, whatever else the desk has; shape (N, M).

        Its aversion times the variance of what is left of the block in a decision: bps of its own
        value. 0 without a block.
        """
        weight = self._grid(self.client[:, pl.C_WEIGHT])
        left = np.divide(self._positions, weight, out=np.zeros_like(weight), where=weight > 0)
        variance = np.einsum("enn->en", self.covariance)
        return self._grid(self.client[:, pl.C_AVERSION]) ** 2 * left**2 * variance

    def fills(self, e: int, n: int) -> np.ndarray:
        """Own fills of one name in the last decision, as the venue told them.

        Returns
        -------
        ndarray of `lobsim.FILL`
        """
        arrays = self._markets.arrays(e * self.names_count + n)
        if arrays is None or self.days[e].blocks[n] is None:
            raise ValueError(f"name {n} of day {e} has no block")
        _, flow, tape = arrays
        return tape.own[:int(flow.count[N_OWN_FILLS])].copy()

    def market(self, e: int, n: int) -> Market:
        """The market of one name, to look at; it belongs to the kernel and keeps no fills."""
        day = self.days[e]
        if day is None or day.blocks[n] is None:
            raise ValueError(f"name {n} of day {e} has no market; nobody wants to trade it")
        return self._markets.view(e * self.names_count + n, int(day.seeds[n]), day.start_s,
                                  day.start_s + self.settings.horizon_s)

    def blocks(self, e: int) -> pd.DataFrame:
        """The blocks of day `e`: what was asked for, and what has become of it.

        Returns
        -------
        DataFrame
            A row for each block: ``name, side, quantity, deadline_s, urgency, min_completion,
            max_participation, filled, participation, shortfall_bps, news_bps, weight`` (of the
            gross value), ``ended`` ("working", "finished", or what stood in the way: "cap", "net",
            "book").
        """
        ended = {pl.FINISHED: "finished", pl.BY_CAP: "cap", pl.BY_NET: "net", pl.BY_BOOK: "book"}
        rows, volumes = [], self.volume_lots[e]
        for n, block in enumerate(self.days[e].blocks):
            if block is None:
                continue
            i = e * self.names_count + n
            is_at_work = self.word[i, at.E_ALIVE] == 1
            rows.append({
                "name": block.name, "side": block.side, "quantity": block.quantity,
                "deadline_s": block.deadline_s, "urgency": block.urgency,
                "min_completion": block.min_completion,
                "max_participation": block.max_participation,
                "filled": self.notes[i, at.I_FILLED],
                "participation": self.word[i, at.E_FILLED] / max(volumes[n], 1),
                "shortfall_bps": self.notes[i, at.I_SHORTFALL],
                "news_bps": self.notes[i, at.I_NEWS],
                "weight": self.client[i, pl.C_WEIGHT],
                "ended": "working" if is_at_work else ended[int(self.bound[i, pl.B_WHY])],
            })  # fmt: skip
        return pd.DataFrame(rows)
