"""Implementation shortfall: what an order cost against the price at the decision, and why."""

from dataclasses import dataclass

import numpy as np

from lobsim.analytics._checks import float_array, same_length, side_sign

BPS = 1e4


@dataclass(frozen=True)
class Shortfall:
    """Cost of one parent order and its parts; positive is a cost, for buys and sells.

    Attributes
    ----------
    side : int
        +1 buy, -1 sell.
    quantity, filled : float
        Shares decided and shares traded.
    decision_price, arrival_price, average_price : float
        Currency per share; the average is NaN without fills.
    delay, trading, opportunity, fees : float
        The parts in currency.

    Notes
    -----
    ``total`` is the sum of the four parts. Each part has a twin in basis points of the decision
    notional (quantity times decision price): ``total_bps, delay_bps, ...``.
    """

    side: int
    quantity: float
    filled: float
    decision_price: float
    arrival_price: float
    average_price: float
    delay: float
    trading: float
    opportunity: float
    fees: float

    @property
    def total(self) -> float:
        """All parts together, in currency."""
        return self.delay + self.trading + self.opportunity + self.fees

    @property
    def notional(self) -> float:
        """Decision notional: quantity times decision price, in currency."""
        return self.quantity * self.decision_price

    @property
    def fill_rate(self) -> float:
        """Share of the order that was traded, 0 to 1."""
        return self.filled / self.quantity

    @property
    def total_bps(self) -> float:
        """Total in bps of the decision notional."""
        return BPS * self.total / self.notional

    @property
    def delay_bps(self) -> float:
        """Delay in bps of the decision notional."""
        return BPS * self.delay / self.notional

    @property
    def trading_bps(self) -> float:
        """Trading cost in bps of the decision notional."""
        return BPS * self.trading / self.notional

    @property
    def opportunity_bps(self) -> float:
        """Opportunity cost in bps of the decision notional."""
        return BPS * self.opportunity / self.notional

    @property
    def fees_bps(self) -> float:
        """Fees in bps of the decision notional."""
        return BPS * self.fees / self.notional

    def as_dict(self) -> dict[str, float]:
        """Total and parts in currency and bps, as a flat dictionary of plain floats."""
        names = ("total", "delay", "trading", "opportunity", "fees")
        return {name: float(getattr(self, name)) for name in names} | {
            f"{name}_bps": float(getattr(self, f"{name}_bps")) for name in names
        }

    def describe(self) -> str:
        """Small text table of the parts, for people."""
        what = "buy" if self.side > 0 else "sell"
        lines = [
            f"{what} {self.quantity:,.0f}, filled {self.filled:,.0f}",
            f"{'':<12}{'$':>12}{'bps':>9}",
        ]
        for name in ("delay", "trading", "opportunity", "fees", "total"):
            dollars, bps = getattr(self, name), getattr(self, f"{name}_bps")
            lines.append(f"{name:<12}{dollars:>12,.2f}{bps:>9.2f}")
        return "\n".join(lines)


def implementation_shortfall(
    side,
    quantity: float,
    prices,
    sizes,
    *,
    decision_price: float,
    arrival_price: float | None = None,
    end_price: float | None = None,
    fees=0.0,
) -> Shortfall:
    r"""Perold's shortfall of one parent order, split into four parts that add up.

    With side :math:`s=\pm1`, decided quantity :math:`Q`, fills :math:`(q_i, p_i)`,
    :math:`q=\sum q_i`, decision, arrival and end prices :math:`P_d, P_a, P_e` and fees :math:`F`,

    .. math::
        \mathrm{IS} = \underbrace{s q (P_a - P_d)}_{\text{delay}}
        + \underbrace{s (\textstyle\sum q_i p_i - q P_a)}_{\text{trading}}
        + \underbrace{s (Q - q)(P_e - P_d)}_{\text{opportunity}} + F .

    Parameters
    ----------
    side : str or int
        "buy", "sell", +1 or -1.
    quantity : float
        Decided shares Q > 0.
    prices, sizes : array_like of float, shape (n,)
        Fills: currency per share (> 0) and shares (> 0). May be empty.
    decision_price : float
        Midpoint when the decision was made, > 0.
    arrival_price : float, optional
        Midpoint when the order reached the market; None = no delay, the decision price.
    end_price : float, optional
        Midpoint at the end, at which what was not traded is valued. Needed when the fills do
        not add up to the quantity, without effect when they do.
    fees : float or array_like
        Fees in currency, in all or per fill; negative for rebates.

    Returns
    -------
    Shortfall
        Parts in currency and bps of :math:`Q P_d`. Positive = cost, for both sides. Without any
        fill everything is opportunity cost (and fees).

    Raises
    ------
    ValueError
        When the fills exceed the quantity, a price or size is not positive, or the end price of
        an unfinished order is missing.

    References
    ----------
    A. Perold (1988), "The implementation shortfall: paper versus reality", Journal of Portfolio
    Management 14(3); the split into delay and trading follows R. Kissell and M. Glantz (2003).

    Examples
    --------
    A sale of 1,000 decided at $50.00; the order arrived at $49.98 and 800 were sold at $49.95
    before the end at $49.90:

    >>> cost = implementation_shortfall("sell", 1000, [49.95], [800], decision_price=50.0,
    ...                                 arrival_price=49.98, end_price=49.90, fees=4.0)
    >>> {name: round(value, 6) for name, value in cost.as_dict().items() if "bps" not in name}
    {'total': 64.0, 'delay': 16.0, 'trading': 24.0, 'opportunity': 20.0, 'fees': 4.0}
    >>> round(cost.total_bps, 6)
    12.8

    Nothing traded: the whole cost is the move that was missed.

    >>> implementation_shortfall("buy", 10, [], [], decision_price=50.0, end_price=51.0).total
    10.0
    """
    sign = side_sign(side)
    prices, sizes = float_array(prices, "prices"), float_array(sizes, "sizes")
    same_length(prices=prices, sizes=sizes)
    quantity = _positive(quantity, "quantity")
    decision_price = _positive(decision_price, "decision_price")
    arrival_price = decision_price if arrival_price is None else arrival_price
    arrival_price = _positive(arrival_price, "arrival_price")
    for name, values in (("prices", prices), ("sizes", sizes)):
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"{name} must be positive and finite; {_first_bad(values)} is not")
    filled = float(sizes.sum())
    if filled > quantity * (1 + 1e-12):
        raise ValueError(f"the fills add up to {filled:g}, more than the quantity {quantity:g}")
    left = max(quantity - filled, 0.0)
    if left <= 1e-12 * quantity:
        opportunity = 0.0
    else:
        if end_price is None:
            raise ValueError(f"end_price is needed: {left:g} of {quantity:g} were not traded")
        opportunity = sign * left * (_positive(end_price, "end_price") - decision_price)
    return Shortfall(
        side=sign,
        quantity=quantity,
        filled=filled,
        decision_price=decision_price,
        arrival_price=arrival_price,
        average_price=vwap(prices, sizes),
        delay=sign * filled * (arrival_price - decision_price),
        trading=float(sign * np.sum(sizes * (prices - arrival_price))),
        opportunity=opportunity,
        fees=float(np.sum(float_array(fees, "fees"))),
    )


def slippage_bps(side, average_price: float, benchmark_price: float) -> float:
    r"""Average price against a benchmark: :math:`10^4 s (p/B - 1)`; positive = cost.

    Parameters
    ----------
    side : str or int
        "buy", "sell", +1 or -1.
    average_price, benchmark_price : float
        Currency per share; the benchmark may be an arrival price, a VWAP or a TWAP.

    Returns
    -------
    float
        Basis points of the benchmark; NaN when either price is NaN.

    Examples
    --------
    >>> round(slippage_bps("sell", 99.99, 100.0), 6), round(slippage_bps("buy", 99.99, 100.0), 6)
    (1.0, -1.0)
    """
    return BPS * side_sign(side) * (average_price / benchmark_price - 1.0)


def vwap(prices, sizes) -> float:
    r"""Volume-weighted average price :math:`\sum p_i q_i / \sum q_i`.

    Parameters
    ----------
    prices, sizes : array_like of float, shape (n,)
        Currency per share and shares (not negative).

    Returns
    -------
    float
        NaN when there is no volume.

    Examples
    --------
    >>> vwap([10.0, 11.0], [300, 100])
    10.25
    >>> vwap([], [])
    nan
    """
    prices, sizes = float_array(prices, "prices"), float_array(sizes, "sizes")
    same_length(prices=prices, sizes=sizes)
    if (sizes < 0).any():
        raise ValueError(f"sizes must not be negative; {sizes[sizes < 0][0]:g} is")
    volume = sizes.sum()
    return float(np.dot(prices, sizes) / volume) if volume > 0 else float("nan")


def twap_price(times_s, prices, *, start_s: float, end_s: float) -> float:
    r"""Time-weighted average of a price that stays as it is until it changes.

    .. math:: \frac{1}{T_e - T_s}\int_{T_s}^{T_e} P(t)\,dt

    Parameters
    ----------
    times_s, prices : array_like of float, shape (n,)
        Times of the changes in seconds, sorted, and the price from then on. NaN = no price.
    start_s, end_s : float
        Window in seconds, start < end.

    Returns
    -------
    float
        Average over the part of the window in which a price is known; NaN when there is none.

    Examples
    --------
    >>> twap_price([0, 30], [10.0, 11.0], start_s=0, end_s=40)
    10.25
    """
    times_s, prices = float_array(times_s, "times_s"), float_array(prices, "prices")
    same_length(times_s=times_s, prices=prices)
    if not start_s < end_s:
        raise ValueError(f"start_s is {start_s} and end_s is {end_s}; the start must come first")
    if (np.diff(times_s) < 0).any():
        raise ValueError("times_s is not sorted")
    edges = np.clip(np.append(times_s, end_s), start_s, end_s)
    held = np.where(np.isnan(prices), 0.0, np.diff(edges))
    total = held.sum()
    return float(np.dot(np.nan_to_num(prices), held) / total) if total > 0 else float("nan")


def _positive(value, name: str) -> float:
    value = float(value)
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} is {value}; it must be a positive, finite number")
    return value


def _first_bad(values: np.ndarray) -> float:
    return values[~(np.isfinite(values) & (values > 0))][0]
