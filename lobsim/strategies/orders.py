"""Parent and child orders, and the split of a quantity into whole lots."""

import math
from dataclasses import dataclass

import numpy as np

from lobsim.analytics._checks import side_sign
from lobsim.engine.codes import Kind
from lobsim.engine.units import Grid

_KINDS = (Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.FOK, Kind.POST_ONLY, Kind.CANCEL)


@dataclass(frozen=True)
class ParentOrder:
    """What the desk wants: trade ``quantity`` on ``side`` between ``start_s`` and ``end_s``.

    Parameters
    ----------
    side : str or int
        "buy", "sell", +1 or -1; kept as +1 or -1.
    quantity : float
        In the market's unit (shares, BTC), > 0; a whole number of lots.
    start_s, end_s : float
        Seconds since midnight, start < end.
    limit_price : float, optional
        Never trade at a worse price than this.
    lot_size : float
        Smallest quantity: 1 share, or that of the market's profile (``profile.lot_size``).

    Examples
    --------
    >>> ParentOrder("sell", 10_000, start_s=10 * 3600, end_s=14 * 3600).side
    -1
    >>> ParentOrder("buy", 0.25, start_s=0, end_s=3600, lot_size=0.0001).lots
    2500
    """

    side: int
    quantity: float
    start_s: float
    end_s: float
    limit_price: float | None = None
    lot_size: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "side", side_sign(self.side))
        grid = Grid(self.lot_size, "lot_size")
        lots = grid.units(self.quantity)
        if lots is None or lots < 1:
            told = "" if self.lot_size == 1 else f" of lots of {self.lot_size:g}"
            raise ValueError(
                f"quantity is {self.quantity}; it must be a whole number above 0{told}"
            )
        object.__setattr__(self, "quantity", grid.value(lots))
        if not self.start_s < self.end_s:
            raise ValueError(f"start_s is {self.start_s} and end_s {self.end_s}; start comes first")
        if self.limit_price is not None and not self.limit_price > 0:
            raise ValueError(f"limit_price is {self.limit_price}; it must be positive, or None")

    @property
    def lots(self) -> int:
        """The quantity in lots."""
        return Grid(self.lot_size, "lot_size").units(self.quantity)

    @property
    def duration_s(self) -> float:
        """Length of the window in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class ChildOrder:
    """One message of a strategy to the market, on the side of its parent order.

    Parameters
    ----------
    size : float
        In the market's unit, a whole number of its lots; 0 for a cancel.
    price : float, optional
        None for a market order.
    kind : lobsim.engine.Kind, int or str, optional
        LIMIT, MARKET, IOC, FOK, POST_ONLY or CANCEL, also as "limit" and so on; by default MARKET
        without and LIMIT with a price.
    order_id : int, optional
        The resting order that a CANCEL withdraws.

    Examples
    --------
    >>> ChildOrder(100).kind.name, ChildOrder(100, 10.01).kind.name
    ('MARKET', 'LIMIT')
    >>> ChildOrder(100, 10.01, "post_only").kind
    <Kind.POST_ONLY: 5>
    """

    size: float
    price: float | None = None
    kind: Kind | int | str | None = None
    order_id: int | None = None

    def __post_init__(self) -> None:
        kind = self.kind
        if kind is None:
            kind = Kind.MARKET if self.price is None else Kind.LIMIT
        kind = _kind(kind)
        object.__setattr__(self, "kind", kind)
        if kind == Kind.CANCEL:
            if self.order_id is None:
                raise ValueError("a cancel needs the order_id of the resting order")
            return
        if not 0 < self.size < math.inf:
            raise ValueError(f"size is {self.size}; it must be a number above 0")
        if kind == Kind.MARKET and self.price is not None:
            raise ValueError(f"a MARKET order takes no price, and {self.price} was given")
        if kind != Kind.MARKET and self.price is None:
            raise ValueError(f"a {kind.name} order needs a price")


def _kind(kind) -> Kind:
    """Kind of a child order from its name, number or itself."""
    try:
        found = Kind[kind.upper()] if isinstance(kind, str) else Kind(kind)
    except (KeyError, ValueError):
        found = None
    if found not in _KINDS:
        allowed = ", ".join(member.name for member in _KINDS)
        raise ValueError(f"kind is {kind!r}; allowed are {allowed}")
    return found


def allocate(quantity: int, weights, lot: int = 1) -> np.ndarray:
    r"""Split a quantity into whole lots in proportion to weights, exactly.

    The cumulated target is rounded, not each part, so that rounding never adds up:

    .. math:: n_k = R\left(Q\,W_k\right) - R\left(Q\,W_{k-1}\right), \qquad
              W_k = \sum_{j\le k} w_j \Big/ \sum_j w_j

    with :math:`R` rounding to the nearest lot (halves up).

    Parameters
    ----------
    quantity : int
        Shares (or lots) to split, >= 0.
    weights : array_like of float, shape (n,)
        Not negative, not all 0.
    lot : int
        Lot size in shares. The last part with weight also takes what does not fill a lot.

    Returns
    -------
    ndarray of int64, shape (n,)
        Not negative; the sum is ``quantity``; each cumulated part lies within one lot of its exact
        value.

    Examples
    --------
    >>> allocate(10, [1, 1, 1, 1]).tolist()
    [3, 2, 3, 2]
    >>> allocate(1050, [1, 1, 2], lot=100).tolist()
    [300, 200, 550]
    """
    weights = np.atleast_1d(np.asarray(weights, dtype=np.float64))
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise ValueError("weights must be finite, not negative and not all 0")
    if quantity < 0 or quantity != int(quantity):
        raise ValueError(f"quantity is {quantity}; it must be a whole number, 0 or more")
    if lot < 1 or lot != int(lot):
        raise ValueError(f"lot is {lot}; it must be a whole number above 0")
    quantity, lot = int(quantity), int(lot)
    running = np.cumsum(weights)
    exact = quantity * (running / running[-1]) / lot
    # The nudge keeps an exact half a half when the division rounded it down in the last bit.
    target = lot * np.floor(exact + 0.5 + 1e-9).astype(np.int64)
    target = np.minimum(target, lot * (quantity // lot))
    target[np.flatnonzero(weights)[-1] :] = quantity
    return np.diff(target, prepend=0)


def slice_edges(start_s: float, end_s: float, interval_s: float) -> np.ndarray:
    """Edges of the slices of a window; the last slice is shorter when they do not fit.

    Examples
    --------
    >>> slice_edges(0.0, 25.0, 10.0).tolist()
    [0.0, 10.0, 20.0, 25.0]
    """
    if not interval_s > 0:
        raise ValueError(f"interval_s is {interval_s}; it must be positive")
    count = max(1, math.ceil((end_s - start_s) / interval_s - 1e-9))
    edges = start_s + interval_s * np.arange(count + 1, dtype=np.float64)
    edges[-1] = end_s
    return edges
