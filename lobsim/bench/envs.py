"""`lobsim bench envs`: steps a second of the environments, beside CartPole-v1 and peers.

All sides take turns, so that a machine that slows down slows them together; a ratio is the median
over the turns of the ratio within a turn. Times are processor time of the thread; only where
several threads run is it wall time, and the row says so. Actions are drawn beforehand at random,
and no episode ends while it is timed: a reset costs a minute of market and is told apart. An event
is one of the market's clocks going off, as in `lobsim bench market`; a message is what came of it
in the book. Environments tell their information at the end of an episode alone, as in training,
but for the scalar one that is measured in both forms.

Where the time of a step goes is told by `lobsim.bench.envs_profile`, what a training makes of it
by `lobsim.bench.envs_training`.
"""

import statistics
import time
from dataclasses import asdict, dataclass, field

import numpy as np
from numba import config

from lobsim.market import MarketBatch
from lobsim.market.profiles import find_profile
from lobsim.market.state import N_MESSAGE

from .envs_peers import ENV_PEERS, PeerEnv, peer_turn
from .envs_profile import StepParts, can_profile, profile_steps
from .envs_training import TrainingFigures, bench_training
from .machine import describe_machine
from .market import _CLOCKS, _now_s
from .peers import installed_version

__all__ = ["EnvFigures", "EnvReport", "bench_envs"]

SIZES = (16, 64, 256, 1024)
INTERVALS_S = (0.016, 0.16, 10.0)  # about 10, 100 and 6,000 events a step of SPY
MARKET_S = {0.016: 480.0, 0.16: 600.0, 10.0: 600.0}  # of all environments together, in one turn
MOST_S = 200.0  # of markets in one call: what takes longer tells nothing new
PARTS_OF = 64  # environments of the vector whose step is taken apart
PARTS_STEPS = {0.016: 1_000, 0.16: 200, 10.0: 5}
PARTS_MOST_S = 20.0  # of markets in one call: a longer one is cut by other processes each time
CARTPOLE_STEPS = 4_000
START_S = 36_000.0
PEER = "CartPole-v1"


@dataclass
class EnvFigures:
    """One form of the environment at one interval between decisions."""

    form: str  # "scalar" or "vector"
    info: str  # "all" or "end"
    envs: int
    threads: int
    interval_s: float
    events_per_step: float
    messages_per_step: float
    steps_per_s: float  # of all environments together
    events_per_s: float
    over_cartpole: float  # steps a second over those of a bare CartPole
    batch_share: float | None  # what a MarketBatch of that size takes for it, one thread
    reset_ms: float  # of one environment


@dataclass
class EnvReport:
    """Everything that `bench_envs` found."""

    machine: dict
    profile: str
    turns: int
    cartpole_steps_per_s: float
    not_installed: list[str] = field(default_factory=list)
    rows: list[EnvFigures] = field(default_factory=list)
    peers: list[PeerEnv] = field(default_factory=list)
    parts: list[StepParts] = field(default_factory=list)
    training: list[TrainingFigures] = field(default_factory=list)

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)


def settings_of(profile, interval_s: float, steps: int) -> dict:
    """An order so large that no episode ends within so many steps."""
    horizon_s = (steps + 1) * interval_s
    return dict(profile=profile, quantity=10**6 * profile.lot_size, horizon_s=horizon_s,
                interval_s=interval_s, start_s=START_S, slice_s=horizon_s * 1e-6)


class _Side:
    """One form at one interval, opened once; every turn goes on where the last one stopped."""

    def __init__(self, profile, envs: int, interval_s: float, turns: int, info: str = "end",
                 threads: tuple[int, ...] = (1,)):
        from lobsim.envs import ExecutionEnv, ExecutionVectorEnv, episode_seeds

        self.form = "vector" if envs > 1 else "scalar"
        self.envs, self.interval_s, self.info, self.threads = envs, interval_s, info, threads
        self.steps = max(2, round(MARKET_S[interval_s] / interval_s / envs))
        settings = settings_of(profile, interval_s, self.steps * len(threads) * (turns + 1) + 1)
        self._env = (ExecutionEnv(**settings, info=info) if envs == 1
                     else ExecutionVectorEnv(envs, **settings, info=info))
        begun_s = _now_s()
        self._env.reset(seed=0)
        self.reset_s = (_now_s() - begun_s) / envs
        self._batch = MarketBatch(profile, [int(episode_seeds(i, 0, 1)[0]) for i in range(envs)],
                                  START_S, START_S + settings["horizon_s"])
        self.runs: dict[int, list[tuple]] = {count: [] for count in threads}

    def turn(self, seed: int) -> None:
        """Step on, and note: seconds, events, messages, and the seconds of a batch of markets."""
        rng = np.random.default_rng(seed)
        for count in self.threads:
            self._env._core.threads = count  # the same markets go on
            actions = rng.integers(10, size=(self.steps, self.envs))
            plan = actions[:, 0].tolist() if self.form == "scalar" else list(actions)
            before = self._counts()
            seconds = self._seconds(plan, time.perf_counter if count > 1 else _now_s)
            events, messages = self._counts() - before
            alone_s = self._market_alone() if count == 1 else None
            self.runs[count].append((seconds, events, messages, alone_s))

    def _seconds(self, plan, now_s) -> float:
        env, begun_s = self._env, now_s()
        for action in plan:
            env.step(action)
        return now_s() - begun_s

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

    def figures(self, cartpole: list[float]) -> list[EnvFigures]:
        """Medians of the turns but the first, which compiled and warmed; a row a thread count."""
        rows, total = [], self.steps * self.envs
        for count in self.threads:
            runs = self.runs[count][1:]
            speeds = [total / seconds for seconds, *_ in runs]
            share = None
            if count == 1:
                share = statistics.median(alone / seconds for seconds, *_, alone in runs)
            rows.append(EnvFigures(
                self.form, self.info, self.envs, count, self.interval_s,
                statistics.median(events / total for _, events, *_ in runs),
                statistics.median(messages / total for _, _, messages, _ in runs),
                statistics.median(speeds),
                statistics.median(events / seconds for seconds, events, *_ in runs),
                statistics.median(s / c for s, c in zip(speeds, cartpole[1:], strict=True)),
                share, 1e3 * self.reset_s,
            ))  # fmt: skip
        return rows


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


def _parts(profile) -> list[StepParts]:
    """Steps of the scalar form and of one vector, taken apart."""
    from lobsim.envs import ExecutionEnv, ExecutionVectorEnv

    rows = []
    for interval_s in INTERVALS_S:
        steps = PARTS_STEPS[interval_s]
        settings = settings_of(profile, interval_s, steps + 1) | {"info": "end"}
        actions = np.random.default_rng(0).integers(10, size=(steps, PARTS_OF))
        for form, env, plan in (
            ("scalar", ExecutionEnv(**settings), actions[:, 0].tolist()),
            ("vector", ExecutionVectorEnv(PARTS_OF, **settings), list(actions)),
        ):
            if len(env._core) * interval_s > PARTS_MOST_S:
                continue
            env.reset(seed=0)
            rows.append(profile_steps(env, plan, form, interval_s))
    return rows


def bench_envs(turns: int = 5, sizes: tuple[int, ...] = SIZES, profile: str = "SPY", *,
               with_parts: bool = True, with_peers: bool = True,
               with_training: bool = True) -> EnvReport:
    """Measure the execution environment, one at a time and many in one call.

    Parameters
    ----------
    turns : int
        Measurements of each side, at least 1.
    sizes : tuple of int
        Environments of the vector form.
    profile : str
        Named profile whose day holds the hour from 10:00.
    with_parts : bool
        Whether to tell where the time of a step goes; only on x86.
    with_peers : bool
        Whether to look for environments of other packages.
    with_training : bool
        Whether to let Stable-Baselines3 train.

    Returns
    -------
    EnvReport

    Raises
    ------
    ValueError
        If an argument is outside its range, or the JIT is off.
    """
    from lobsim.envs.threads import cores

    if turns < 1 or not sizes or min(sizes) < 1:
        raise ValueError(f"turns is {turns}, sizes {sizes}; they must be at least 1, and at least "
                         f"one environment each")  # fmt: skip
    if config.DISABLE_JIT:
        raise ValueError("NUMBA_DISABLE_JIT is set; without the compiler there is no speed to tell")
    market = find_profile(profile)
    threads = (1,) if cores() == 1 else (1, cores())
    sides = []
    for interval_s in INTERVALS_S:
        sides += [_Side(market, 1, interval_s, turns, info) for info in ("all", "end")]
        sides += [_Side(market, n, interval_s, turns, threads=threads) for n in sizes
                  if n > 1 and n * interval_s <= MOST_S]
    peers = [peer for peer in ENV_PEERS if with_peers and installed_version(peer.package)]
    cartpole, told = [], {peer: [] for peer in peers}
    for turn in range(turns + 1):
        cartpole.append(_cartpole_turn(turn))
        for peer in peers:
            told[peer].append(peer_turn(peer, turn))
        for side in sides:
            side.turn(turn)
    missing = [peer.package for peer in ENV_PEERS if not installed_version(peer.package)]
    return EnvReport(
        describe_machine(("numba", "numpy", "gymnasium", "stable-baselines3", "torch")), profile,
        turns, statistics.median(cartpole[1:]), missing if with_peers else [],
        [row for side in sides for row in side.figures(cartpole)],
        [PeerEnv.of(peer, told[peer][1:], cartpole[1:]) for peer in peers],
        _parts(market) if with_parts and can_profile() else [],
        bench_training(market, turns, threads) if with_training else [],
    )  # fmt: skip
