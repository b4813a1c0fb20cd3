"""`lobsim bench engine`: ours, the plain C++ loop and other packages over the same messages.

How it is measured: both sides apply the whole stream to an empty book whose arrays have their
final length already. Ours and the other side take turns (A B A B ...), so that a machine that
slows down slows both; the ratio is the median over the turns of the ratio within a turn.
Times are processor time of the thread, so that other work on the machine counts on neither side.
Clearing the book is not timed on either side; making the array of fills is timed on ours.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numba import config

from lobsim.engine import OrderBook, process, warm_up

from .machine import describe_machine
from .peers import PEER_FILL, PEERS, Peer, installed_version
from .stream import BAND_TICKS, DEPTHS, common_stream
from .twin import (
    FLAGS,
    VARIANTS,
    Twin,
    TwinError,
    compile_twin,
    compiler_version,
    find_compiler,
)

__all__ = ["EngineReport", "DepthFigures", "PeerFigures", "TwinFigures", "bench_engine", "new_book"]

PEER_TURNS = 3  # at most
TICK = 1.0  # prices of the stream are ticks
COARSE_S = 1e-5  # a clock that ticks more seldom cannot time a stream
FINE = time.get_clock_info("thread_time").resolution < COARSE_S


@dataclass
class PeerFigures:
    """One other package on one stream."""

    package: str
    version: str
    form: str  # in which messages are handed over
    messages: int
    messages_per_s: float | None = None  # None where it failed
    ours_over_peer: float | None = None  # how many times as fast ours is
    fills: str = ""  # what came of comparing fills
    agrees: bool | None = None  # None where the peer reports none


@dataclass
class TwinFigures:
    """One variant of the C++ loop on one stream."""

    variant: str
    messages_per_s: float  # median
    ratio: float  # ours over its speed: 1 = as fast as the C++ loop, more = faster
    ratio_low: float  # over the turns
    ratio_high: float
    fills_agree: bool  # to the byte


@dataclass
class DepthFigures:
    """One depth of book."""

    live_orders: int
    messages: int
    fills: int
    messages_per_s: float  # median
    cpp: list[TwinFigures] = field(default_factory=list)
    peers: list[PeerFigures] = field(default_factory=list)


@dataclass
class EngineReport:
    """Everything that `bench_engine` found."""

    machine: dict
    compiler: str | None
    flags: str
    turns: int
    no_twin_because: str | None
    not_installed: list[str]
    depths: list[DepthFigures]

    @property
    def agrees(self) -> bool:
        """Whether the C++ loop, where it ran, made our fills to the byte."""
        return all(twin.fills_agree for depth in self.depths for twin in depth.cpp)

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self) | {"agrees": self.agrees}


def new_book(count: int) -> OrderBook:
    """A book for a stream of `count` messages."""
    low, high = BAND_TICKS
    return OrderBook(TICK, 1, low, high, max_order_id=count + 1)


def _now_s() -> float:
    """Processor time of this thread, or wall time where that clock is too coarse (Windows)."""
    return time.thread_time() if FINE else time.perf_counter()


def _take_turns(
    book: OrderBook, messages: np.ndarray, other: Callable[[], float], turns: int
) -> tuple[list[float], list[float]]:
    """Seconds of ours and of the other side, turn by turn; one turn before is thrown away."""
    ours, theirs = [], []
    for _ in range(turns + 1):
        book.clear()
        start_s = _now_s()
        process(book, messages)
        ours.append(_now_s() - start_s)
        theirs.append(other())
    return ours[1:], theirs[1:]


def _against_twins(
    programs: dict[str, Path], messages: np.ndarray, turns: int
) -> tuple[float, list[TwinFigures]]:
    """Median messages per second of ours, and the figures of each C++ program."""
    book, count = new_book(len(messages)), len(messages)
    fills = process(book, messages).tobytes()
    if not programs:
        ours, _ = _take_turns(book, messages, lambda: 0.0, turns)
        return count / statistics.median(ours), []
    all_ours, figures = [], []
    for variant, program in programs.items():
        with Twin(program, messages) as twin:
            ours, theirs = _take_turns(book, messages, twin.run, turns)
            agree = twin.fills().tobytes() == fills
        ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
        figures.append(TwinFigures(
            variant, count / statistics.median(theirs), statistics.median(ratios),
            min(ratios), max(ratios), agree,
        ))  # fmt: skip
        all_ours += ours
    return count / statistics.median(all_ours), figures


def _compare_fills(found: np.ndarray, fills: np.ndarray) -> str:
    """``same``, or what differs first."""
    expected = np.zeros(len(fills), PEER_FILL)
    for name in PEER_FILL.names:
        expected[name] = fills[name]
    if np.array_equal(found, expected):
        return "same"
    both = min(len(found), len(expected))
    different = np.flatnonzero(found[:both] != expected[:both])
    row = int(different[0]) if len(different) else both
    same_count = "" if len(found) == len(fills) else f"{len(found)} instead of {len(fills)}; "
    names = [n for n in PEER_FILL.names if row < both and found[n][row] != expected[n][row]]
    what = f", first in {names[0]}" if names else ""
    return f"differ: {same_count}from fill {row} on{what}"


def _compare_books(told: tuple, book: OrderBook) -> str:
    bid_lots, ask_lots = (sum(order.size for order in book.orders(side)) for side in (1, -1))
    ours = (book.best_bid, book.best_ask, bid_lots, ask_lots)
    same = all(a == (b or 0) for a, b in zip(told, ours, strict=True))
    return "none reported; " + ("same book" if same else f"another book: {told}, not {ours}")


def _against_peer(peer: Peer, messages: np.ndarray, turns: int) -> PeerFigures:
    figures = PeerFigures(
        peer.package, installed_version(peer.package) or "", peer.form, len(messages)
    )
    book = new_book(len(messages))
    fills = process(book, messages)
    last = []

    def run() -> float:
        prepared = peer.prepare(messages)
        last[:] = [prepared]
        start_s = _now_s()
        prepared.run()
        return _now_s() - start_s

    try:
        ours, theirs = _take_turns(book, messages, run, turns)
        found = last[0].fills()
        told = last[0].book() if last[0].book else None
    except Exception as error:  # a stranger's package may raise anything
        figures.fills = f"failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return figures
    figures.messages_per_s = len(messages) / statistics.median(theirs)
    figures.ours_over_peer = statistics.median(
        their / our for our, their in zip(ours, theirs, strict=True)
    )
    if found is not None:
        figures.fills = _compare_fills(found, fills)
        figures.agrees = figures.fills == "same"
    elif told is not None:
        figures.fills = _compare_books(told, book)
    return figures


def _at_depth(
    live_orders: int, programs: dict[str, Path], peers: tuple[Peer, ...], count: int,
    peer_count: int, turns: int,
) -> DepthFigures:  # fmt: skip
    messages = common_stream(count, live_orders)
    n_fills = len(process(new_book(count), messages))
    speed, cpp = _against_twins(programs, messages, turns)
    some = messages[:peer_count]
    measured = [_against_peer(peer, some, min(turns, PEER_TURNS)) for peer in peers]
    return DepthFigures(live_orders, count, n_fills, speed, cpp, measured)


def bench_engine(
    count: int = 1_000_000,
    depths: tuple[int, ...] = DEPTHS,
    turns: int = 11,
    peer_count: int = 200_000,
    *,
    with_peers: bool = True,
    native: bool = False,
) -> EngineReport:
    """Measure `process` on the common stream against C++ and installed peers.

    Parameters
    ----------
    count : int
        Messages of a stream, at least 1,000.
    depths : tuple of int
        Live orders of each stream, each at most a tenth of `count`.
    turns : int
        Measurements of each side, at least 1; peers get at most three.
    peer_count : int
        Messages that the peers get, the first of the stream: some need seconds for them.
    with_peers : bool
        Whether to look for peers.
    native : bool
        Compile the C++ loop with ``-march=native`` too, as Numba compiles for its processor.

    Returns
    -------
    EngineReport

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    if count < 1_000 or turns < 1 or peer_count < 1_000:
        raise ValueError(
            f"count is {count}, peer_count {peer_count}, turns {turns}; "
            "they must be at least 1000, 1000 and 1"
        )
    if config.DISABLE_JIT:
        raise ValueError("NUMBA_DISABLE_JIT is set; without the compiler there is no speed to tell")
    for live_orders in depths:
        if not 1 <= live_orders <= count // 10:
            raise ValueError(
                f"a depth is {live_orders}; it must be from 1 to a tenth of the messages, "
                f"{count // 10}"
            )
    warm_up()
    peers = tuple(p for p in PEERS if with_peers and installed_version(p.package))
    missing = sorted({p.package for p in PEERS} - {p.package for p in peers}) if with_peers else []
    flags = (*FLAGS, "-march=native") if native else FLAGS
    compiler, version, because = find_compiler(), None, None
    programs: dict[str, Path] = {}
    with tempfile.TemporaryDirectory(prefix="lobsim-bench-") as folder:
        if compiler is None:
            because = "no C++ compiler was found (set CXX to use one that is not on the path)"
        else:
            try:
                version = compiler_version(compiler)
                for variant, more in VARIANTS.items():
                    programs[variant] = compile_twin(compiler, Path(folder), (*flags, *more))
            except TwinError as error:
                because = str(error)
        rows = [
            _at_depth(live_orders, programs, peers, count, min(peer_count, count), turns)
            for live_orders in depths
        ]
    return EngineReport(
        describe_machine(), version, " ".join(flags), turns, because, missing, rows
    )
