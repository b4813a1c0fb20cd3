"""`lobsim bench market`: messages a second of markets and batches, beside C++ and other packages.

How it is measured: whatever is compared takes turns (A B A B ...), so that a machine that slows
down slows both; a ratio is the median over the turns of the ratio within a turn. Times are
processor time of the thread; only where several threads run is it wall time, and the table says
so. A message is one that changed or reached the book (`N_MESSAGE`); an event is one of the
market's clocks going off, of which many change nothing. Opening a market is not timed.
"""

import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numba import config

from lobsim.market import Market, MarketBatch, Profile
from lobsim.market.state import (N_BASE, N_GRID, N_MESSAGE, N_METAORDER, N_PREDATOR,
                                 N_REACT, N_TAKER)

from .machine import describe_machine
from .market_cases import CROWD, END_S, START_S, base_flows, named_markets
from .market_peers import MARKET_PEERS
from .market_twin import (MARKET_FLAGS, MarketTwin, Outcome, compile_market_twin, outcome_of)
from .peers import installed_version
from .twin import TwinError, compiler_version, find_compiler

__all__ = ["BatchFigures", "CppFigures", "MarketFigures", "MarketReport", "PeerMarket",
           "bench_market"]

SIZES = (1, 16, 64, 256, 1024)  # markets of a batch
STEPS_S = (0.1, 1.0, 10.0)  # market time of a call: about 10, 100, 1,000 messages a market
BATCH_MESSAGES = 400_000  # in one timed run of a batch, if there is time
BATCH_CALLS = 3  # at least
BATCH_MOST_S = 0.3  # a run ends after that: calls on several threads may be slow
SLICES = 240  # market orders that sell the lots, evenly over the four hours
LOTS = 10_000
QUICK = (1, 16, 64)
_CLOCKS = (N_BASE, N_GRID, N_REACT, N_TAKER, N_METAORDER, N_PREDATOR)
_THREAD_S = time.get_clock_info("thread_time").resolution < 1e-5


@dataclass
class MarketFigures:
    """One market, four hours."""

    market: str
    kind: str  # "profile" or "base flow"
    hours: float
    messages: int
    events: int
    relative: float  # messages a second over those of the zero-intelligence crowd
    messages_per_s: float
    events_per_s: float
    run_s: float  # processor time of the hours
    selling_s: float  # and with LOTS lots sold in SLICES market orders meanwhile
    sold_lots: int


@dataclass
class BatchFigures:
    """One size of batch, stepped by one length of time."""

    markets: int
    threads: int
    step_s: float
    messages_per_call: float  # of one market
    relative: float  # messages a second over those of one market alone, the same step
    messages_per_s: float


@dataclass
class CppFigures:
    """The zero-intelligence market against plain C++."""

    ratio: float  # ours over its speed: 1 = as fast
    ratio_low: float
    ratio_high: float
    messages_per_s: float
    cpp_messages_per_s: float
    same: bool  # counts and final book, order by order
    ours: Outcome
    theirs: Outcome


@dataclass
class PeerMarket:
    """Another package that simulates a market."""

    package: str
    version: str
    what: str
    messages: int | None = None
    messages_per_s: float | None = None
    ours_over_peer: float | None = None
    failed: str = ""


@dataclass
class MarketReport:
    """Everything that `bench_market` found."""

    machine: dict
    compiler: str | None
    flags: str
    turns: int
    bytes_per_market: int
    no_cpp_because: str | None
    not_installed: list[str]
    markets: list[MarketFigures] = field(default_factory=list)
    batches: list[BatchFigures] = field(default_factory=list)
    cpp: CppFigures | None = None
    peers: list[PeerMarket] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether the C++ market, where it ran, ended as ours did."""
        return self.cpp is None or self.cpp.same

    @property
    def fall(self) -> float:
        """Messages a second of the fastest batch over those of the largest, one thread, by the
        step at which it is worst: what cache misses cost."""
        worst = 1.0
        for step_s in {row.step_s for row in self.batches}:
            rows = [r for r in self.batches if r.step_s == step_s and r.threads == 1]
            largest = max(rows, key=lambda r: r.markets)
            worst = max(worst, max(r.messages_per_s for r in rows) / largest.messages_per_s)
        return worst

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        told = asdict(self) | {"agrees": self.agrees, "fall": self.fall}
        if self.cpp:
            told["cpp"] |= {"ours": self.cpp.ours._asdict(), "theirs": self.cpp.theirs._asdict()}
        return told


def _now_s() -> float:
    """Processor time of this thread, or wall time where that clock is too coarse (Windows)."""
    return time.thread_time() if _THREAD_S else time.perf_counter()


def _events(market: Market) -> int:
    return int(sum(market._flow.count[k] for k in _CLOCKS))


def _run_once(profile: Profile, seed: int, end_s: float) -> tuple[float, int, int]:
    """Seconds, messages, events of a market from its start to `end_s`."""
    market = Market(profile, seed, START_S, end_s, keep_trades=False)
    before = _events(market)
    start_s = _now_s()
    market.advance(end_s)
    return _now_s() - start_s, int(market._flow.count[N_MESSAGE]), _events(market) - before


def _sell_once(profile: Profile, seed: int, end_s: float) -> tuple[float, int]:
    """Seconds of the same hours with the lots sold in even slices, and the lots sold."""
    market = Market(profile, seed, START_S, end_s, keep_trades=False)
    edges = np.rint(np.linspace(0, LOTS, SLICES + 1)).astype(int)
    start_s = _now_s()
    for k, lots in enumerate(np.diff(edges)):
        market.advance(START_S + (end_s - START_S) * k / SLICES)
        market.submit("sell", int(lots) * profile.lot_size, kind="market")
    market.advance(end_s)
    return _now_s() - start_s, round(-market.position / profile.lot_size)


def _bench_markets(hours: float, turns: int) -> list[MarketFigures]:
    """All markets in turn; the first is the zero-intelligence crowd, the yardstick."""
    end_s = START_S + hours * 3600
    flows = base_flows(hours * 3600)
    cases = [("base flow", p) for p in flows.values()]
    cases += [("profile", p) for p in named_markets().values()]
    runs: list[list] = [[] for _ in cases]
    sales: list[list] = [[] for _ in cases]
    for turn in range(turns + 1):  # one turn before is thrown away: it compiles and warms
        for k, (_, profile) in enumerate(cases):
            runs[k].append(_run_once(profile, turn, end_s))
            sales[k].append(_sell_once(profile, turn, end_s))
    yardstick = [messages / seconds for seconds, messages, _ in runs[0][1:]]
    rows = []
    for (kind, profile), ran, sold in zip(cases, runs, sales, strict=True):
        speeds = [messages / seconds for seconds, messages, _ in ran[1:]]
        rows.append(MarketFigures(
            profile.name, kind, hours, round(statistics.median(m for _, m, _ in ran[1:])),
            round(statistics.median(e for _, _, e in ran[1:])),
            statistics.median(s / y for s, y in zip(speeds, yardstick, strict=True)),
            statistics.median(speeds),
            statistics.median(events / seconds for seconds, _, events in ran[1:]),
            statistics.median(seconds for seconds, _, _ in ran[1:]),
            statistics.median(seconds for seconds, _ in sold[1:]),
            round(statistics.median(lots for _, lots in sold[1:])),
        ))  # fmt: skip
    return rows


def _batch_turn(batch: MarketBatch, step_s: float, calls: int) -> tuple[float, float]:
    """Messages per second, and messages of a market and call, over at most so many steps."""
    clock_s = batch.clock_s[0]
    before = int(batch._stack.count[:, N_MESSAGE].sum())
    now_s = time.perf_counter if batch.threads > 1 else _now_s
    made, end_s = 0, time.perf_counter() + BATCH_MOST_S
    start_s = now_s()
    while made < BATCH_CALLS or (made < calls and time.perf_counter() < end_s):
        made += 1
        batch.advance(clock_s + made * step_s)
    seconds = now_s() - start_s
    messages = int(batch._stack.count[:, N_MESSAGE].sum()) - before
    return messages / seconds, messages / (made * len(batch))


def _bench_batches(profile: Profile, sizes, threads, turns: int) -> tuple[list[BatchFigures], int]:
    """Batches of all sizes, steps and numbers of threads, in turn; and the bytes of a market."""
    end_s = profile.day_end_s
    batches = {n: MarketBatch(profile, range(n), START_S, end_s) for n in sizes}
    rate = _run_once(profile, 0, START_S + 600)[1] / 600  # messages of one market a second
    cases = [(step_s, count, n) for step_s in STEPS_S for count in threads for n in sizes]
    found: dict[tuple, list] = {case: [] for case in cases}
    for _ in range(turns + 1):
        for step_s, count, n in cases:
            batch = batches[n]
            batch.threads = count
            calls = max(BATCH_CALLS, round(BATCH_MESSAGES / (n * step_s * rate)))
            if batch.clock_s[0] + calls * step_s > end_s:  # the day is over: a new one
                batch = batches[n] = MarketBatch(profile, range(n), START_S, end_s, threads=count)
            found[step_s, count, n].append(_batch_turn(batch, step_s, calls))
    rows = []
    for step_s, count, n in cases:
        speeds = [speed for speed, _ in found[step_s, count, n][1:]]
        alone = [speed for speed, _ in found[step_s, threads[0], sizes[0]][1:]]
        rows.append(BatchFigures(
            n, count, step_s, statistics.median(m for _, m in found[step_s, count, n][1:]),
            statistics.median(s / a for s, a in zip(speeds, alone, strict=True)),
            statistics.median(speeds),
        ))  # fmt: skip
    return rows, batches[sizes[0]].bytes_per_market


def _bench_cpp(program: Path, hours: float, turns: int) -> CppFigures:
    """Ours and the C++ market over the same seeds, in turn."""
    end_s = START_S + hours * 3600
    ours, theirs, same = [], [], True
    for seed in range(turns + 1):
        market = Market(CROWD, seed, START_S, end_s, keep_trades=False)
        with MarketTwin(program, market) as twin:
            twin.run(START_S + 60)  # a first run, to touch its memory
            start_s = _now_s()
            market.advance(end_s)
            ours.append(_now_s() - start_s)
            seconds, outcome = twin.run(end_s)
            theirs.append(seconds)
        mine = outcome_of(market)
        same = same and mine == outcome
    ratios = [their / our for our, their in zip(ours[1:], theirs[1:], strict=True)]
    return CppFigures(
        statistics.median(ratios), min(ratios), max(ratios),
        mine.messages / statistics.median(ours[1:]),
        outcome.messages / statistics.median(theirs[1:]), same, mine, outcome,
    )  # fmt: skip


def _bench_peers(turns: int) -> list[PeerMarket]:
    """Each installed package and the zero-intelligence crowd, in turn."""
    rows = []
    for peer in MARKET_PEERS:
        found = installed_version(peer.package)
        if found is None:
            continue
        row = PeerMarket(peer.package, found, peer.what)
        rows.append(row)
        speeds, ratios = [], []
        try:
            for seed in range(turns):
                run = peer.run()
                seconds, messages, _ = _run_once(CROWD, seed, START_S + 3600)
                speeds.append(run.messages / run.seconds)
                ratios.append(messages / seconds / speeds[-1])
        except Exception as error:  # a stranger's package may raise anything
            row.failed = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            continue
        row.messages, row.messages_per_s = run.messages, statistics.median(speeds)
        row.ours_over_peer = statistics.median(ratios)
    return rows


def bench_market(
    hours: float = 4.0, turns: int = 5, sizes: tuple[int, ...] = SIZES, *, with_peers: bool = True,
    profile: str = "SPY",
) -> MarketReport:  # fmt: skip
    """Measure single markets, batches, plain C++ and installed peers.

    Parameters
    ----------
    hours : float
        Length of a run of a single market, at least 0.1 and at most 4.
    turns : int
        Measurements of each side, at least 1.
    sizes : tuple of int
        Markets of the batches; the first is the one that the others are compared with.
    with_peers : bool
        Whether to look for peers.
    profile : str
        Named profile of the batches.

    Returns
    -------
    MarketReport

    Raises
    ------
    ValueError
        If an argument is outside its range, or the JIT is off.
    """
    most = (END_S - START_S) / 3600
    if not 0.1 <= hours <= most or turns < 1 or not sizes or min(sizes) < 1:
        raise ValueError(f"hours is {hours}, turns {turns}, sizes {sizes}; they must be from 0.1 "
                         f"to {most:g}, at least 1, and at least one market each")  # fmt: skip
    if config.DISABLE_JIT:
        raise ValueError("NUMBA_DISABLE_JIT is set; without the compiler there is no speed to tell")
    peers = sorted({p.package for p in MARKET_PEERS if installed_version(p.package) is None})
    compiler, version, because, cpp = find_compiler(), None, None, None
    markets = _bench_markets(hours, turns)
    cores = config.NUMBA_NUM_THREADS
    threads = (1,) if cores == 1 else (1, cores)
    batches, room = _bench_batches(named_markets()[profile], sizes, threads, turns)
    with tempfile.TemporaryDirectory(prefix="lobsim-bench-") as folder:
        if compiler is None:
            because = "no C++ compiler was found (set CXX to use one that is not on the path)"
        else:
            try:
                version = compiler_version(compiler)
                cpp = _bench_cpp(compile_market_twin(compiler, Path(folder)), hours, turns)
            except TwinError as error:
                because = str(error)
    return MarketReport(
        describe_machine(), version, " ".join(MARKET_FLAGS), turns, room, because,
        peers if with_peers else [], markets, batches, cpp,
        _bench_peers(turns) if with_peers else [],
    )  # fmt: skip
