"""Markets under watch: one that notes its public tape, and one where a detector hunts.

Both take the place of a `lobsim.Market` in :func:`lobsim.strategies.execute`.
"""

import numpy as np
import pandas as pd

from lobsim.analytics.leak_detector import LeakageDetector
from lobsim.analytics.leakage import tape_features
from lobsim.market.parts import Predator
from lobsim.market.state import (
    L_PREDATOR_CASH,
    L_SIGNAL,
    L_SIGNAL_VAR,
    N_PREDATOR_POSITION,
    NS,
)

__all__ = ["HuntedMarket", "WatchedMarket"]

_LOUD = 1e15  # the market's own signal, in lots, is nothing beside the detector's times this


class WatchedMarket:
    """A market that also keeps what anyone could see: the best quotes each second, and trades.

    Parameters
    ----------
    market : lobsim.Market
        Fresh; with its trades kept. All that is not below is passed on to it.
    sample_s : float
        Seconds between two looks at the best quotes.

    Examples
    --------
    >>> from lobsim.market import Market
    >>> watched = WatchedMarket(Market("SPY", seed=1, start_s=36_000, end_s=36_060))
    >>> watched.advance(36_060)
    >>> len(watched.quotes)
    61
    """

    def __init__(self, market, sample_s: float = 1.0):
        if not sample_s > 0:
            raise ValueError(f"sample_s is {sample_s}; it must be positive")
        self.market, self.sample_s = market, float(sample_s)
        self._seen: list[tuple] = []
        self._look()

    def __getattr__(self, name):
        if name == "market":  # while a copy is made
            raise AttributeError(name)
        return getattr(self.market, name)

    def advance(self, until_s: float) -> None:
        """Let the market run until `until_s`, looking at the quotes on the way."""
        begin = self.market.start_s
        while True:
            next_s = begin + self.sample_s * len(self._seen)
            if next_s > until_s + 1e-9:
                break
            self.market.advance(max(next_s, self.market.clock_s))
            self._look()
            self._looked(next_s)
        self.market.advance(max(until_s, self.market.clock_s))

    def _looked(self, time_s: float) -> None:
        """What happens after a look at the quotes; here nothing."""

    def _look(self) -> None:
        market = self.market
        shown = market.depth(1)
        sides = []
        for price, size in ((shown.bid_price, shown.bid_size), (shown.ask_price, shown.ask_size)):
            sides += [price[0], size[0]] if len(price) else [np.nan, 0.0]
        self._seen.append((round(market.venue_s * NS), *sides))

    @property
    def quotes(self) -> pd.DataFrame:
        """``time_ns, bid, bid_size, ask, ask_size`` at each look so far."""
        return pd.DataFrame(self._seen, columns=["time_ns", "bid", "bid_size", "ask", "ask_size"])

    @property
    def prints(self) -> pd.DataFrame:
        """``time_ns, price, size, sign`` of all trades so far; nobody's name is on them."""
        trades = self.market.trades
        return pd.DataFrame({
            "time_ns": np.rint(trades["time_s"].to_numpy() * NS).astype(np.int64),
            "price": trades["price"], "size": trades["size"], "sign": trades["side"]})

    def expected_volume(self, times_s) -> np.ndarray:
        """Expected volume of the day before each time: the public time-of-day curve."""
        return self.profile.daily_volume * self.market.expected_volume_curve(times_s)

    def features(self, window_s: float, *, step_s: float | None = None,
                 start_s: float | None = None, end_s: float | None = None) -> pd.DataFrame:
        """:func:`lobsim.analytics.tape_features` of the tape so far."""
        return tape_features(
            self.prints, self.quotes, window_s, step_s=step_s,
            start_s=self.market.start_s if start_s is None else start_s,
            end_s=self.market.clock_s if end_s is None else end_s,
            tick_size=self.profile.tick_size, expected_volume=self.expected_volume)


class HuntedMarket(WatchedMarket):
    """A market whose predator trades on a detector of parent orders.

    Every `look_s` the detector reads the public tape of the last `window_s`. Beyond `threshold` the
    predator of the market (`lobsim.market.parts.Predator`) takes on the side it detects, slice by
    slice up to its limit, and it unwinds when the score falls below half of that. What it takes
    moves the price as any trader's size does (`lobsim.market.parts.Impact`).

    Parameters
    ----------
    market : lobsim.Market
        Fresh, with a `Predator`: its size, limit and interval hold; its own rule, signed flow over
        its memory, is overruled by the detector's score.
    detector : LeakageDetector
        Fitted, on other days.
    threshold : float
        Of ``|detector.lean|``, chance of a buyer less that of a seller, between 0 and 1.
    window_s, look_s : float
        Length of the windows the detector was fitted to, and seconds between two looks.
    sample_s : float
        As for `WatchedMarket`.

    Raises
    ------
    ValueError
        When the market has no predator, or the threshold is not between 0 and 1.
    """

    def __init__(self, market, detector: LeakageDetector, threshold: float, *,
                 window_s: float = 600.0, look_s: float = 60.0, sample_s: float = 1.0):
        predator = market.profile.part(Predator)
        if predator is None:
            raise ValueError(f"{market.profile.name} has no predator; make the market with "
                             "parts=[Predator(size, limit)]")
        if not 0 < threshold < 1:
            raise ValueError(f"threshold is {threshold}; it must lie between 0 and 1")
        self._ratio = predator.predator_threshold / threshold
        self._detector, self._window_s, self._look_s = detector, float(window_s), float(look_s)
        self._next_s = market.start_s + self._window_s
        self.leans: list[tuple[float, float]] = []
        super().__init__(market, sample_s)
        self._tell(0.0)

    def _looked(self, time_s: float) -> None:
        score = 0.0 if not self.leans else self.leans[-1][1]
        if time_s >= self._next_s - 1e-9:
            self._next_s += self._look_s
            seen = self.features(self._window_s, start_s=time_s - self._window_s, end_s=time_s)
            score = float(self._detector.lean(seen)[-1])
            self.leans.append((time_s, score))
        self._tell(score)

    def _tell(self, score: float) -> None:
        """Put the detector's score in the place of the predator's own signal.

        The kernel compares signal / sqrt(variance) with its threshold. Both are set so large that
        flow adds nothing to them; they are set at every look at the quotes, as the signal decays.
        """
        level = self.market._flow.level
        level[L_SIGNAL], level[L_SIGNAL_VAR] = score * self._ratio * _LOUD, _LOUD**2

    @property
    def predator_position(self) -> float:
        """What the predator holds now, in the profile's size unit; positive = long."""
        return self.market._ledger.size(self.market._flow.count[N_PREDATOR_POSITION])

    @property
    def predator_profit(self) -> float:
        """Cash of the predator and its position at the mid, in currency; it pays no fees."""
        profile = self.market.profile
        cash = float(self.market._flow.level[L_PREDATOR_CASH])
        held = self.predator_position
        return cash * profile.tick_size * profile.lot_size + (held * self.market.mid if held else 0)
