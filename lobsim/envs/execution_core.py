"""`ExecutionCore`: N execution episodes over one kernel, without any environment around them."""

from collections.abc import Sequence

import numpy as np
from numba import config

from lobsim.engine.indirect import address_of
from lobsim.engine.units import Grid
from lobsim.envs import execution_layout as at
from lobsim.envs.core import Outcome, checked_count
from lobsim.envs.execution_kernel import bad_action, start_some, step_all, step_chunk
from lobsim.envs.execution_settings import MODES, Episode, ExecutionSettings
from lobsim.envs.handles import Markets
from lobsim.envs.jobs import LOST, again, new_job, put, start_and_help
from lobsim.envs.threads import MOST_THREADS, Helpers, shared_by
from lobsim.market import Market
from lobsim.market.curve import cumulative_share
from lobsim.market.initial import expected_queue
from lobsim.market.parts import Fees, Fundamental, Takers
from lobsim.market.setup import make_flow
from lobsim.market.state import NS

__all__ = ["ExecutionCore", "Outcome"]

_LOOK_NS = NS  # order flow is sampled each second, or once a step if that is shorter


class ExecutionCore:
    """N parent orders, each at work in a market of its own, advanced by one call a decision.

    The environments of `lobsim.envs.execution` and `lobsim.envs.evaluate` stand on it.

    Parameters
    ----------
    count : int
        N, at least 1.
    settings : ExecutionSettings
    threads : int
        That advance episodes side by side; changes no result.

    Attributes
    ----------
    seeds : ndarray of uint64, shape (N,)
        Market seeds of the episodes.
    takes_numbers : bool
        Whether an action is the number of one of several, and not an array.
    """

    names = at.INFO_NAMES

    def __init__(self, count: int, settings: ExecutionSettings, threads: int = 1):
        count = checked_count(count)
        if threads != int(threads) or not 1 <= threads <= MOST_THREADS:
            raise ValueError(f"threads is {threads}; it must be a whole number from 1 to "
                             f"{MOST_THREADS}")
        self.settings = settings
        self.seeds = np.zeros(count, np.uint64)
        self.episodes: list[Episode | None] = [None] * count
        self._markets = Markets(count)
        self._threads, self._job, self._helpers, self._last = int(threads), None, None, None
        self._word = np.zeros((count, at.WORDS), np.int64)
        self._real = np.zeros((count, at.REALS))
        self._schedule = np.zeros((count, settings.steps + 1))
        self._actions = np.zeros((count, 3))
        self._first = self._actions[:, 0]
        self._choices, self._weights = settings.choices(), settings.weights
        self._scales: dict[int, tuple] = {}
        self._columns = len(at.OBSERVED) + 2 * settings.depth_levels
        # What a discrete action is in the kernel: a row of the choices, or a shift from -1 to 1.
        count = settings.discrete_actions
        self._meaning = np.linspace(-1, 1, count) if settings.actions == "pace" else None
        self.takes_numbers = count > 0

    def __len__(self) -> int:
        return len(self.seeds)

    def __getstate__(self):
        """A copy has its arrays elsewhere, and threads of its own."""
        return self.__dict__ | {"_job": None, "_helpers": None, "_last": None}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._first = self._actions[:, 0]

    @property
    def threads(self) -> int:
        """Threads that advance episodes; may be set between two steps."""
        return self._threads

    @threads.setter
    def threads(self, count: int) -> None:
        self._dismiss()
        self._threads = count

    def _dismiss(self) -> BaseException | None:
        """Close the job and let its helpers end; returns what one of them has failed with."""
        helpers, self._helpers, self._job, self._last = self._helpers, None, None, None
        return helpers.end() if helpers else None

    def fresh(self, seen: np.ndarray | None = None,
              info: np.ndarray | None = None) -> Outcome:
        """Arrays for an outcome, all new and zero but those that are given."""
        n = len(self)
        seen = np.zeros((n, self._columns), np.float32) if seen is None else seen
        info = np.zeros((n, len(self.names))) if info is None else info
        return Outcome(seen, np.zeros(n), np.zeros(n, bool), info)

    def open(self, rows: Sequence[int], seeds: Sequence[int], outcome: Outcome) -> None:
        """Start new episodes in some rows; writes their first view and information."""
        rows = np.asarray(rows, np.int64)
        for i, seed in zip(rows.tolist(), seeds, strict=True):
            episode = self.settings.draw(int(seed))
            self.seeds[i], self.episodes[i] = seed, episode
            self._markets.open(i, episode.profile, int(seed), episode.start_s)
            self._set_up(i, episode)
        with np.errstate(over="ignore"):
            start_some(rows, self._markets.table, self._word, self._real, self._schedule,
                       outcome.seen, outcome.info)

    def step(self, actions, outcome: Outcome | None = None) -> Outcome:
        """One decision for every episode that is not over; the rows of others stay as they are.

        Parameters
        ----------
        actions : ndarray, shape (N,) or (N, k); or a number, for every episode
        outcome : Outcome, optional
            Where to write; by default fresh arrays, all zero.

        Raises
        ------
        ValueError
            When an action is not finite or not one of the discrete ones.
        """
        if self.takes_numbers:
            self._first[:] = actions if self._meaning is None else self._shifts(actions)
        else:
            self._actions[:, :np.shape(actions)[1]] = actions
        outcome = self.fresh() if outcome is None else outcome
        bad = self._call(outcome)
        if bad >= 0:
            raise ValueError(f"action {np.atleast_1d(actions)[bad]} of environment {bad} is not "
                             f"in the action space")
        return outcome

    def _shifts(self, actions) -> np.ndarray:
        """Shifts from -1 to 1 of numbered ones; NaN, which the kernel refuses, of unknown ones."""
        actions = np.asarray(actions)
        known = (actions >= 0) & (actions < len(self._meaning))
        return np.where(known, self._meaning[np.where(known, actions, 0).astype(np.int64)], np.nan)

    def _call(self, outcome):
        """Play the step; -1, or the first environment whose action means nothing."""
        if config.DISABLE_JIT:
            with np.errstate(over="ignore"):  # hashing wraps around on purpose
                return step_all(self._markets.table, self._word, self._real, self._schedule,
                                self._choices, self._weights, self._actions, *outcome)
        if self._job is None or (self._helpers and not self._helpers.are_here()):
            self._open_job()
        if self._helpers:
            self._helpers.wake()
        try:
            if outcome is self._last:
                told = again(self._job)
            else:
                told = start_and_help(self._job, *outcome)
                self._last = outcome
        except BaseException:
            self._dismiss()  # nobody may go on while a thread still writes
            raise
        if told == LOST:
            raise self._dismiss()
        return told

    def _open_job(self):
        """A job of the arrays as they are now, and threads that help with it."""
        threads, each = shared_by(len(self), self._threads)
        self._job = new_job(address_of(step_chunk), address_of(bad_action), len(self), threads,
                            each)
        put(self._job, (self._markets.table, self._word, self._real, self._schedule,
                        self._choices, self._weights, self._actions))
        self._last = None
        self._helpers = Helpers(self._job, threads - 1) if threads > 1 else None

    @property
    def alive(self) -> np.ndarray:
        """Which episodes are not over, shape (N,)."""
        return self._word[:, at.E_ALIVE] == 1

    @property
    def quantity_lots(self) -> np.ndarray:
        """Lots of each order."""
        return self._word[:, at.E_LOTS]

    @property
    def filled_lots(self) -> np.ndarray:
        """Lots of each order that have traded."""
        return self._word[:, at.E_FILLED]

    @property
    def step_number(self) -> np.ndarray:
        """Decisions made in each episode."""
        return self._word[:, at.E_STEP]

    @property
    def lot_sizes(self) -> np.ndarray:
        """Units of a lot in each market."""
        return self._real[:, at.X_LOT]

    def due_lots(self, passed_s: np.ndarray) -> np.ndarray:
        """Lots that the schedule wants traded so many seconds after the start, shape (N,)."""
        settings, rows = self.settings, np.arange(len(self))
        place = np.maximum(passed_s, 0.0) / settings.interval_s
        is_over = (place >= settings.steps) | (passed_s >= settings.horizon_s)
        k = np.minimum(place.astype(np.int64), settings.steps - 1)
        before, after = self._schedule[rows, k], self._schedule[rows, k + 1]
        share = np.where(is_over, 1.0, before + (place - k) * (after - before))
        return np.floor(self.quantity_lots * share + 1e-9)

    def expected_volume(self, i: int, passed_s: np.ndarray) -> np.ndarray:
        """Share of the window's volume that market `i` expects so many seconds after the start."""
        profile, start_s, _ = self.episodes[i]
        share = cumulative_share(profile, start_s + np.asarray(passed_s))
        before, after = cumulative_share(profile, [start_s, start_s + self.settings.horizon_s])
        return (share - before) / (after - before)

    def market(self, i: int) -> Market:
        """The market of episode `i`, to look at; it belongs to the kernel and keeps no fills."""
        episode = self.episodes[i]
        if episode is None:
            raise ValueError(f"environment {i} has no market yet; reset it first")
        end_s = episode.start_s + self.settings.horizon_s
        return self._markets.view(i, int(self.seeds[i]), episode.start_s, end_s)

    # -- parameters of an episode ----------------------------------------------------------------

    def _set_up(self, i, episode):
        settings, (profile, start_s, side) = self.settings, episode
        word, real = self._word[i], self._real[i]
        interval_ns = round(settings.interval_s * NS)
        start_ns = round(start_s * NS)
        word[:] = 0
        word[at.E_SIDE] = side
        word[at.E_LOTS] = Grid(profile.lot_size, "lot_size").units(settings.quantity)
        word[at.E_STEPS] = settings.steps
        word[at.E_START_NS] = start_ns
        word[at.E_END_NS] = start_ns + round(settings.horizon_s * NS)
        word[at.E_INTERVAL_NS] = interval_ns
        word[at.E_LOOK_NS] = min(_LOOK_NS, interval_ns)
        guard_s = settings.guard_s
        word[at.E_GUARD_NS] = -1 if guard_s is None else round(guard_s * NS)
        ahead_s = settings.ahead_s
        word[at.E_AHEAD_NS] = -1 if ahead_s is None else round(ahead_s * NS)
        word[at.E_SLICE] = max(1, round(word[at.E_LOTS] * min(
            settings.slice_s / settings.horizon_s, 1.0)))
        word[at.E_SHIFT_NS] = round(settings.max_shift_s * NS)
        word[at.E_SLICE_NS] = round(settings.slice_s * NS)
        word[at.E_MODE] = MODES[settings.actions]
        word[at.E_LEVELS] = settings.max_offset_ticks
        word[at.E_DEPTH] = settings.depth_levels
        key = (id(profile), start_s)
        if key not in self._scales:
            if len(self._scales) > 4 * len(self):  # of profiles and starts that are gone
                self._scales.clear()
            self._scales[key] = (profile, *self.measured(profile, start_s))
        _, scales, schedule = self._scales[key]
        real[:] = 0.0
        real[:at.X_ARRIVAL] = scales
        self._schedule[i] = schedule

    def measured(self, profile, start_s):
        """Fees and the scales of an observation; and the schedule."""
        settings, real = self.settings, np.zeros(at.X_ARRIVAL)
        tick, lot = profile.tick_size, profile.lot_size
        fees = profile.part(Fees) or Fees()
        per_unit = fees.fee_unit == "per_share"
        unit = 1.0 / tick if per_unit else 1e-4
        real[at.X_MAKER], real[at.X_TAKER] = fees.maker_fee * unit, fees.taker_fee * unit
        real[at.X_SHARE], real[at.X_CANCEL] = fees.share_fee / tick, fees.cancel_fee / (tick * lot)
        real[at.X_PER_UNIT] = per_unit
        real[at.X_TICK], real[at.X_LOT], real[at.X_MONEY] = tick, lot, tick * lot
        volatility = profile.volatility_ticks_per_sqrt_s
        real[at.X_SIGMA_STEP] = max(0.5, volatility * settings.interval_s**0.5)
        real[at.X_SIGMA_ALL] = max(1.0, volatility * settings.horizon_s**0.5)
        path = profile.part(Fundamental)
        variance = path.volatility_bps**2 / 60.0 if path else 0.0
        real[at.X_VARIANCE] = variance * settings.interval_s
        flow = make_flow(profile, 0, round(start_s * NS))
        real[at.X_DEPTH] = max(1.0, float(expected_queue(profile)[0] * flow.limit_sizes.mean()))
        real[at.X_VOLUME] = max(1.0, self._volume_per_step(profile, start_s, flow))
        real[at.X_DISCOUNT], real[at.X_BLIND] = settings.discount, settings.blind
        return real, settings.shares_due(profile, start_s)

    def _volume_per_step(self, profile, start_s, flow) -> float:
        """Lots that are expected to trade in an average step of the window."""
        settings = self.settings
        if np.isfinite(profile.daily_volume):
            before, after = cumulative_share(profile, [start_s, start_s + settings.horizon_s])
            return profile.daily_volume / profile.lot_size * (after - before) / settings.steps
        takers = profile.part(Takers)
        rate = takers.market_rate_per_s if takers else 1.0
        return rate * float(flow.market_sizes.mean()) * settings.interval_s
