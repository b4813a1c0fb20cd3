"""`stylised_facts`: some seventy measures of a market, the same for real and simulated ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S
from lobsim.analytics.facts_book import flow_facts, hit_facts, quote_facts
from lobsim.analytics.facts_messages import OrderEvents, message_facts
from lobsim.analytics.facts_names import FACTS
from lobsim.analytics.facts_numbers import ratio
from lobsim.analytics.facts_returns import (BIN_S, LONG_DAY_S, SIGNATURE_STEPS_S, return_facts,
                                            volume_facts)
from lobsim.analytics.facts_tape import quote_arrays, trade_arrays
from lobsim.analytics.facts_trades import cost_facts, trade_facts

FEWEST_RETURNS = 100
"""Returns without which a kurtosis on a stretched clock is not told."""


@dataclass(frozen=True, eq=False)
class Facts(Mapping):
    """Stylised facts of one market and window: a mapping whose entries are attributes too.

    Attributes
    ----------
    numbers : dict of str to float
        Every fact of `lobsim.analytics.facts_names.FACTS`; NaN where it cannot be told.
    start_s, end_s : float
        The window, in seconds since midnight.
    signature_bps, trade_signature_bps : ndarray of float64
        Realised volatility of mid and trade price, by `SIGNATURE_STEPS_S`, in bps of the window.
    volume_curve : ndarray of float64
        Share of the volume in each half hour (each hour if the window exceeds 12 h).

    Examples
    --------
    >>> facts = Facts({"gap_cv": 2.5}, 0.0, 60.0)
    >>> facts.gap_cv == facts["gap_cv"], len(facts)
    (True, 1)
    """

    numbers: dict[str, float]
    start_s: float
    end_s: float
    signature_bps: np.ndarray = field(default_factory=lambda: np.empty(0))
    trade_signature_bps: np.ndarray = field(default_factory=lambda: np.empty(0))
    volume_curve: np.ndarray = field(default_factory=lambda: np.empty(0))

    def __getitem__(self, name: str) -> float:
        return self.numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getattr__(self, name: str) -> float:
        if name.startswith("_") or name == "numbers":  # not there yet while being unpickled
            raise AttributeError(name)
        try:
            return self.numbers[name]
        except KeyError:
            raise AttributeError(f"there is no fact {name!r}; the facts are "
                                 f"{', '.join(self.numbers)}") from None

    def __dir__(self):
        return [*super().__dir__(), *self.numbers]

    def table(self) -> pd.DataFrame:
        """All facts: index ``fact``; columns ``value, unit, group, meaning``."""
        rows = [(name, value, *FACTS[name][1:]) for name, value in self.numbers.items()]
        return pd.DataFrame(rows, columns=["fact", "value", "unit", "group",
                                           "meaning"]).set_index("fact")

    def signature(self) -> pd.DataFrame:
        """Signature plot: index ``step_s``; columns ``mid_bps, trade_bps``."""
        steps = pd.Index(SIGNATURE_STEPS_S, name="step_s")
        return pd.DataFrame({"mid_bps": self.signature_bps,
                             "trade_bps": self.trade_signature_bps}, index=steps)

    def volume(self) -> pd.Series:
        """Volume curve: share of the volume by the start of each bin, in s since midnight."""
        width_s = BIN_S * (2 if self.end_s - self.start_s > LONG_DAY_S else 1)
        starts = self.start_s + width_s * np.arange(len(self.volume_curve))
        return pd.Series(self.volume_curve, pd.Index(starts, name="start_s"), name="share")

    def __repr__(self) -> str:
        hours = (self.end_s - self.start_s) / 3600
        lines = [f"Facts of {hours:.3g} hours (.table() has units and meanings)"]
        lines += [f"  {name:32s}{value:>12.4g} {FACTS[name].unit}".rstrip()
                  for name, value in self.numbers.items()]
        return "\n".join(lines)


def stylised_facts(
    quotes: pd.DataFrame,
    trades: pd.DataFrame,
    messages: OrderEvents | None = None,
    *,
    tick_size: float,
    start_s: float,
    end_s: float,
    day_s: tuple[float, float] | None = None,
    clock: float = 1.0,
) -> Facts:
    """Measure the stylised facts of a window.

    Parameters
    ----------
    quotes : DataFrame
        Best quotes after each change: ``time_ns, bid, bid_size, ask, ask_size``, sorted by time;
        the last state before the window is carried in. States with an empty side or a bid not
        below the ask are left out: the state before lives on.
    trades : DataFrame
        One row per market order (`market_orders`): ``time_ns, price, size, sign`` and, if known,
        ``fills``; sign +1 = the buyer took, 0 = unknown.
    messages : OrderEvents, optional
        What was done with resting orders; without it the facts of orders are NaN.
    tick_size : float
        Currency per tick.
    start_s, end_s : float
        The window in seconds since midnight, start < end.
    day_s : (float, float), optional
        Start and end of the trading day. Where the window is all of it, the shares of volume in
        the first and the last half hour are told.
    clock : float
        Seconds that pass on the market's own clock in one second, > 0: a market with a tenth of
        the trades has a clock of 0.1, and is looked at over ten times as long (see Notes).

    Returns
    -------
    Facts

    Raises
    ------
    ValueError
        When a column is missing, time runs backwards, a quote is off the tick grid, the window is
        empty, or the clock is not positive.

    Notes
    -----
    Intervals are counted from `start_s`; those that begin before the first known quote have no mid
    change and are left out. A trade's mid is the one of the last state strictly before its time.
    Means over trades count each trade once, whatever its size.

    On a `clock` other than 1 every fact at a horizon (R2, response, kurtosis, signature ratio) is
    told at that horizon of the own clock; R2 is adjusted for the few intervals, and a kurtosis of
    fewer than `FEWEST_RETURNS` returns is left unknown, as it cannot exceed their number. Rates,
    lives of orders, the volume curve, the volatility of a minute and the signature plots stay in
    seconds of the wall. Prices are nearer to one law in the time that trades tell than in that of
    the wall (Ane and Geman 2000; across shares Kyle and Obizhaeva 2016).

    References
    ----------
    R. Cont (2001), "Empirical properties of asset returns: stylized facts and statistical
    issues", Quantitative Finance 1, for returns; Cont, Kukanov and Stoikov (2014) for OFI;
    R. Huang and H. Stoll (1996) for the parts of the spread; J.-P. Bouchaud, J. D. Farmer and
    F. Lillo (2009), "How markets slowly digest changes in supply and demand", for signs and
    response; T. Ane and H. Geman (2000), "Order flow, transaction clock, and normality of asset
    returns", Journal of Finance 55(5); A. Kyle and A. Obizhaeva (2016), "Market microstructure
    invariance: empirical hypotheses", Econometrica 84(4).

    Examples
    --------
    >>> quotes = pd.DataFrame({"time_ns": [0, 30 * 10**9], "bid": [10.00, 10.01],
    ...                        "bid_size": 300, "ask": [10.01, 10.03], "ask_size": 100})
    >>> trades = pd.DataFrame({"time_ns": [29 * 10**9], "price": [10.01], "size": [100],
    ...                        "sign": [1]})
    >>> facts = stylised_facts(quotes, trades, tick_size=0.01, start_s=0, end_s=60)
    >>> facts.spread_mean_ticks, facts.obi_hit, round(facts.response_1s_ticks, 6)
    (1.5, 1.0, 1.5)
    """
    if not 0 < tick_size < np.inf:
        raise ValueError(f"tick_size is {tick_size}; it must be a positive number")
    if not start_s < end_s:
        raise ValueError(f"start_s is {start_s} and end_s is {end_s}; the start must come first")
    if not 0 < clock < np.inf:
        raise ValueError(f"clock is {clock}; it must be a positive number")
    start_ns, end_ns = round(start_s * NS_PER_S), round(end_s * NS_PER_S)
    span_s = (end_ns - start_ns) / NS_PER_S
    book = quote_arrays(quotes, tick_size, start_ns, end_ns)
    tape = trade_arrays(trades, tick_size, start_ns, end_ns)

    found = quote_facts(book, span_s) | trade_facts(tape, span_s)
    found["depth_in_trades"] = ratio(found["depth_median"], found["trade_size_mean"])
    second_ns = round(NS_PER_S / clock)
    found |= flow_facts(book, tape, start_ns, second_ns) | hit_facts(book, start_ns, second_ns)
    found |= cost_facts(book, tape, second_ns)
    returns, mid_bps, trade_bps = return_facts(book, tape, start_ns)
    if clock != 1.0:
        returns |= _own_returns(book, tape, start_ns, second_ns)
    volume, curve = volume_facts(tape, start_ns, end_ns, day_s)
    found |= returns | volume
    if messages is not None:
        found |= message_facts(_inside(messages, start_ns, end_ns), len(tape.size), span_s)
    numbers = {name: found.get(name, np.nan) for name in FACTS}
    return Facts(numbers, start_s, end_s, mid_bps, trade_bps, curve)


def _own_returns(book, tape, start_ns: int, second_ns: int) -> dict[str, float]:
    """Facts of returns whose steps are those of the market's own clock."""
    found = return_facts(book, tape, start_ns, second_ns)[0]
    del found["volatility_1min_bps"]  # a matter of scale, like the price
    seconds = (book.end_ns - start_ns) // second_ns
    for name, step_s in (("kurtosis_1s", 1), ("kurtosis_1min", 60)):
        if seconds // step_s < FEWEST_RETURNS:
            found[name] = np.nan
    return found


def _inside(events: OrderEvents, start_ns: int, end_ns: int) -> OrderEvents:
    """The events of a window; `filled_id` stays whole, as it only names orders."""
    rows = slice(*np.searchsorted(events.time_ns, (start_ns, end_ns), side="left"))
    return OrderEvents(*(column[rows] for column in events[:3]), events.filled_id)
