"""A zero-intelligence market in plain C++ (`market_twin.cpp`), from the same book as ours."""

import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lobsim.engine.state import BEST_ASK, BEST_BID, FREE_SLOT, PRICE_MIN
from lobsim.market import Market
from lobsim.market import state as s
from lobsim.market.parts import Takers, ZeroIntelligence

from .twin import FLAGS, TwinError, compile_twin

__all__ = ["MARKET_FLAGS", "MarketTwin", "Outcome", "compile_market_twin", "outcome_of"]

SOURCE = Path(__file__).with_name("market_twin.cpp")
MARKET_FLAGS = (*FLAGS, "-ffp-contract=off")  # a fused multiply-add would draw other times
_MASK = (1 << 64) - 1
_COUNTS = (s.N_MESSAGE, s.N_BASE, s.N_LIMITS, s.N_CANCELS, s.N_MARKETS, s.N_FILLS, s.N_VOLUME)


class Outcome(NamedTuple):
    """What a run did and what it left, in our words and in the words of C++."""

    messages: int
    events: int
    limits: int
    cancels: int
    markets: int
    fills: int
    lots: int
    checksum: int  # of the resting orders: slot, id, price, size and side of each, by priority


def _mixed(value: int) -> int:
    """The hash of `lobsim.market.rng.mix`, on Python integers."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & _MASK
    return value ^ (value >> 31)


def _checksum(book) -> int:
    """Hash of a book: best bid downward, then best ask upward, oldest order first."""
    total = 0
    low = book.scalars[PRICE_MIN]
    occupied = np.flatnonzero(book.levels["count"])
    bids = occupied[occupied + low <= book.scalars[BEST_BID]][::-1]
    asks = occupied[occupied + low >= book.scalars[BEST_ASK]]
    for index in (*bids, *asks):
        slot = int(book.levels[index]["head"])
        while slot:
            order = book.orders[slot]
            named = (int(order[name]) for name in ("order_id", "price_ticks", "size", "side"))
            for value in (slot, *named):
                total = _mixed(total ^ (value & _MASK))
            slot = int(order["next"])
    return total


def outcome_of(market: Market) -> Outcome:
    """What a market of ours did since it was opened, and its book."""
    return Outcome(*(int(market._flow.count[k]) for k in _COUNTS), _checksum(market._book))


def _written(market: Market) -> bytes:
    """The market as the C++ program reads it: arrays, each behind its length."""
    book, flow, _ = market._book, market._flow, market._tape
    extra = {type(part) for part in market.profile.parts} - {ZeroIntelligence, Takers}
    takers = market.profile.part(Takers)
    told = takers and (takers.bursts or takers.informed_share or takers.meta_informed_share
                       or takers.sweep_share)
    if extra or told or len(flow.cancel_shape) > 1:
        raise ValueError(
            f"profile {market.profile.name} has more than the C++ market knows; it must be made of "
            "ZeroIntelligence and Takers alone, without bursts, sweeps, information or shapes"
        )
    real, whole, clock, count = flow.real, flow.whole, flow.clock, flow.count
    parameters = np.array([real[k] for k in (s.R_LIMIT, s.R_CANCEL, s.R_TOTAL, s.R_META_MIN)])
    rules = [whole[k] for k in (s.W_DAY_START, s.W_MAX_LIVE, s.W_PARTIAL, s.W_LOW, s.W_HIGH)]
    moving = [clock[k] for k in (s.C_NOW, s.C_BASE, s.C_GRID, s.C_MINUTE_END)]
    moving += [count[k] for k in (s.N_BASE, s.N_MINUTE, s.N_META_LEFT, s.N_META_SIDE, s.N_ORDER_ID,
                                  s.N_MESSAGE, s.N_LIMITS, s.N_CANCELS, s.N_MARKETS, s.N_FILLS,
                                  s.N_VOLUME)]  # fmt: skip
    levels = np.array([flow.level[s.L_FAIR], flow.level[s.L_EXOGENOUS]])
    one = [
        parameters.tobytes() + np.array([*rules, s.OWN_ROOM], np.int64).tobytes()
        + flow.keys[[s.K_FLOW, s.K_META]].tobytes(),
        np.array(moving, np.int64).tobytes() + levels.tobytes(),
        np.array([book.scalars[FREE_SLOT]], np.int64).tobytes(),
    ]  # fmt: skip
    arrays = (flow.minutes[:, s.MIN_ACTIVITY], flow.distances, flow.limit_sizes, flow.market_sizes,
              book.orders, book.levels)  # fmt: skip
    counted = [(1, block) for block in one] + [(len(a), a.tobytes()) for a in arrays]
    return b"".join(np.int64(n).tobytes() + block for n, block in counted)


def compile_market_twin(compiler: str, folder: Path, flags: tuple[str, ...] = MARKET_FLAGS) -> Path:
    """Compile the C++ market into `folder`; returns the program.

    Raises
    ------
    TwinError
        With the compiler's first complaint.
    """
    return compile_twin(compiler, folder, flags, SOURCE, "market")


class MarketTwin:
    """A running C++ market, which starts anew from the same book at each `run`.

    Parameters
    ----------
    program : Path
        From `compile_market_twin`.
    market : Market
        Just opened, of `ZeroIntelligence` and `Takers` alone.

    Use it in a ``with`` statement: the process and its file go at the end.
    """

    def __init__(self, program: Path, market: Market):
        state = _written(market)
        self._folder = tempfile.TemporaryDirectory(prefix="lobsim-bench-")
        path = Path(self._folder.name) / "state"
        path.write_bytes(state)
        self._process = subprocess.Popen(
            [program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def __enter__(self) -> "MarketTwin":
        return self

    def __exit__(self, *_) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def run(self, until_s: float) -> tuple[float, Outcome]:
        """Run to a time from the start; returns processor seconds and what came of it."""
        try:
            self._process.stdin.write(f"{round(until_s * s.NS)}\n")
            self._process.stdin.flush()
            words = self._process.stdout.readline().split()
        except OSError:
            words = []
        if len(words) != 1 + len(Outcome._fields):
            said = self._process.communicate()[1].strip()
            raise TwinError(f"the C++ market stopped: {said or 'it said nothing'}")
        return int(words[0]) / 1e9, Outcome(*map(int, words[1:]))
