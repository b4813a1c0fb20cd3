"""`lobsim bench envs`: steps a second of the environments, beside a bare CartPole-v1.

All sides take turns, so that a machine that slows down slows them together; a ratio is the median
over the turns of the ratio within a turn. Times are processor time of the thread. Actions are drawn
beforehand at random, and no episode ends while it is timed: a reset costs a minute of market and
is told apart. An event is one of the market's clocks going off, as in
`lobsim bench market`; a message is what came of it in the book.
"""

import statistics
from dataclasses import asdict, dataclass, field

import numpy as np
from numba import config

from lobsim.market import MarketBatch
from lobsim.market.profiles import find_profile
from lobsim.market.state import N_MESSAGE

from .machine import describe_machine
from .market import _CLOCKS, _now_s

__all__ = ["EnvFigures", "EnvReport", "bench_envs"]

SIZES = (16, 64, 256, 1024)
INTERVALS_S = (0.016, 0.16, 10.0)  # about 10, 100 and 4,500 events a step of SPY
MARKET_S = {0.016: 60.0, 0.16: 120.0, 10.0: 600.0}  # of all environments together, in one turn
MOST_S = 200.0  # of markets in one call: what takes longer tells nothing new
CARTPOLE_STEPS = 4_000
START_S = 36_000.0
PEER = "CartPole-v1"


@dataclass
class EnvFigures:
    """One form of the environment at one interval between decisions."""

    form: str  # "scalar" or "vector"
    envs: int
    interval_s: float
    events_per_step: float
    messages_per_step: float
    steps_per_s: float  # of all environments together
    events_per_s: float
    over_cartpole: float  # steps a second over those of a bare CartPole
    batch_share: float  # what a MarketBatch of that size takes for the same steps, of the time
    reset_ms: float  # of one environment


@dataclass
class EnvReport:
    """Everything that `bench_envs` found."""

    machine: dict
    profile: str
    turns: int
    cartpole_steps_per_s: float
    rows: list[EnvFigures] = field(default_factory=list)

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)


class _Side:
    """One form at one interval, opened once; every turn goes on where the last one stopped."""

    def __init__(self, profile, envs: int, interval_s: float, form: str, turns: int):
        from lobsim.envs import ExecutionEnv, ExecutionVectorEnv, episode_seeds

        self.form, self.envs, self.interval_s = form, envs, interval_s
        self.steps = max(2, round(MARKET_S[interval_s] / interval_s / envs))
        horizon_s = (self.steps + 1) * (turns + 2) * interval_s
        settings = dict(profile=profile, quantity=10**6 * profile.lot_size, horizon_s=horizon_s,
                        interval_s=interval_s, start_s=START_S, slice_s=horizon_s * 1e-6)
        self._env = (ExecutionEnv(**settings) if form == "scalar"
                     else ExecutionVectorEnv(envs, **settings))
        begun_s = _now_s()
        self._env.reset(seed=0)
        self.reset_s = (_now_s() - begun_s) / envs
        self._batch = MarketBatch(profile, [int(episode_seeds(i, 0, 1)[0]) for i in range(envs)],
                                  START_S, START_S + horizon_s)
        self.runs: list[tuple] = []

    def turn(self, seed: int) -> None:
        """Step on, and note: seconds, events, messages, and the seconds of a batch of markets."""
        env, rng = self._env, np.random.default_rng(seed)
        actions = rng.integers(10, size=(self.steps, self.envs))
        plan = actions[:, 0].tolist() if self.form == "scalar" else list(actions)
        before = self._counts()
        begun_s = _now_s()
        for action in plan:
            env.step(action)
        seconds = _now_s() - begun_s
        events, messages = self._counts() - before
        self.runs.append((seconds, events, messages, self._market_alone()))

    def _market_alone(self) -> float:
        """Seconds of a `MarketBatch` of the same size over as many steps of the same length."""
        begun_s = _now_s()
        clock_s = float(self._batch.clock_s[0])
        for k in range(self.steps):
            self._batch.advance(clock_s + (k + 1) * self.interval_s)
        return _now_s() - begun_s

    def _counts(self) -> np.ndarray:
        """Events and messages of all markets since they were opened."""
        core = self._env._core
        counts = [core._markets.arrays(i)[1].count for i in range(len(core))]
        return np.array([sum(int(c[k]) for c in counts for k in _CLOCKS),
                         sum(int(c[N_MESSAGE]) for c in counts)])

    def figures(self, cartpole: list[float]) -> EnvFigures:
        """Medians of the turns but the first, which compiled and warmed."""
        total = self.steps * self.envs
        runs = self.runs[1:]
        speeds = [total / seconds for seconds, *_ in runs]
        return EnvFigures(
            self.form, self.envs, self.interval_s,
            statistics.median(events / total for _, events, *_ in runs),
            statistics.median(messages / total for _, _, messages, _ in runs),
            statistics.median(speeds),
            statistics.median(events / seconds for seconds, events, *_ in runs),
            statistics.median(s / c for s, c in zip(speeds, cartpole[1:], strict=True)),
            statistics.median(alone / seconds for seconds, *_, alone in runs),
            1e3 * self.reset_s,
        )  # fmt: skip


def _cartpole_turn(seed: int) -> float:
    """Steps a second of a bare CartPole under random actions, its resets included."""
    import gymnasium

    env = gymnasium.make(PEER).unwrapped
    env.reset(seed=seed)
    plan = np.random.default_rng(seed).integers(2, size=CARTPOLE_STEPS).tolist()
    begun_s = _now_s()
    for action in plan:
        if env.step(action)[2]:
            env.reset()
    return CARTPOLE_STEPS / (_now_s() - begun_s)


def bench_envs(turns: int = 5, sizes: tuple[int, ...] = SIZES, profile: str = "SPY") -> EnvReport:
    """Measure the execution environment, one at a time and many in one call.

    Parameters
    ----------
    turns : int
        Measurements of each side, at least 1.
    sizes : tuple of int
        Environments of the vector form.
    profile : str
        Named profile whose day holds the hour from 10:00.

    Returns
    -------
    EnvReport

    Raises
    ------
    ValueError
        If an argument is outside its range, or the JIT is off.
    """
    if turns < 1 or not sizes or min(sizes) < 1:
        raise ValueError(f"turns is {turns}, sizes {sizes}; they must be at least 1, and at least "
                         f"one environment each")  # fmt: skip
    if config.DISABLE_JIT:
        raise ValueError("NUMBA_DISABLE_JIT is set; without the compiler there is no speed to tell")
    market = find_profile(profile)
    sides = []
    for interval_s in INTERVALS_S:
        sides.append(_Side(market, 1, interval_s, "scalar", turns))
        sides += [_Side(market, n, interval_s, "vector", turns) for n in sizes
                  if n * interval_s <= MOST_S]
    cartpole = []
    for turn in range(turns + 1):
        cartpole.append(_cartpole_turn(turn))
        for side in sides:
            side.turn(turn)
    return EnvReport(
        describe_machine(("numba", "numpy", "gymnasium")), profile, turns,
        statistics.median(cartpole[1:]), [side.figures(cartpole) for side in sides],
    )  # fmt: skip
