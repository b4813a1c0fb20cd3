"""Benchmark strategies: TWAP, VWAP, POV, all at once, and a TWAP that waits at the best price.

Every strategy is an object with ``interval_s`` and two methods: ``reset(order, market)`` once at
the start, and ``act(market) -> list[ChildOrder]`` every ``interval_s`` seconds and once at the end.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.units import Grid
from lobsim.strategies.orders import ChildOrder, ParentOrder, allocate, slice_edges


class Strategy(Protocol):
    """What :func:`lobsim.strategies.execute` needs of a strategy."""

    interval_s: float

    def reset(self, order: ParentOrder, market) -> None:
        """Forget the last order and take a new one; called at ``order.start_s``."""

    def act(self, market) -> list[ChildOrder]:
        """Look at the market and send child orders; called every ``interval_s`` and at the end."""


class Benchmark:
    """Book-keeping shared by the benchmarks, in lots: what is filled, resting and left.

    Parameters
    ----------
    interval_s : float
        Seconds between child orders.
    lot : float, optional
        Child sizes are whole multiples of this (in the market's unit, a whole number of lots),
        but for the last one; None = the order's lot size.
    """

    def __init__(self, interval_s: float, lot: float | None = None) -> None:
        if not interval_s > 0:
            raise ValueError(f"interval_s is {interval_s}; it must be positive")
        if lot is not None and not lot > 0:
            raise ValueError(f"lot is {lot}; it must be above 0, or None")
        self.interval_s = float(interval_s)
        self.lot = lot

    def reset(self, order: ParentOrder, market) -> None:
        """Take a new parent order."""
        self.order = order
        self._grid = Grid(order.lot_size, "lot_size")
        self._position_at_start = market.position
        self._multiple = 1 if self.lot is None else self._grid.units(self.lot)
        if not self._multiple:
            raise ValueError(
                f"lot is {self.lot}; it must be a whole number of the order's lots of "
                f"{order.lot_size:g}"
            )

    def filled(self, market) -> int:
        """Lots of the order that are traded."""
        return self._lots(abs(market.position - self._position_at_start))

    def _lots(self, size: float) -> int:
        """Whole lots nearest to a size."""
        return round(float(size) / self.order.lot_size)

    def _child(self, lots: int, price: float | None, kind: Kind) -> ChildOrder:
        return ChildOrder(self._grid.value(lots), price, kind)

    def _take(self, lots: int) -> list[ChildOrder]:
        """Cross the spread for ``lots``, within the limit price if there is one."""
        if lots <= 0:
            return []
        if self.order.limit_price is None:
            return [self._child(lots, None, Kind.MARKET)]
        return [self._child(lots, self.order.limit_price, Kind.IOC)]


class Scheduled(Benchmark):
    """A benchmark that follows a curve of cumulated size over slices of the window.

    A schedule of its own says by `weights` how much belongs to the start of each slice, and
    perhaps to the end of the last one.
    """

    def weights(self, edges_s: np.ndarray, market) -> np.ndarray:
        """Relative sizes at the edges of the slices, all of them or all but the last."""
        raise NotImplementedError

    def reset(self, order: ParentOrder, market) -> None:
        """Take a new parent order and lay out its slices."""
        super().reset(order, market)
        self.edges_s = slice_edges(order.start_s, order.end_s, self.interval_s)
        sizes = allocate(order.lots, self.weights(self.edges_s, market), self._multiple)
        self.target = np.cumsum(sizes)

    def due(self, clock_s: float) -> int:
        """Lots that should be done by the end of the slice that holds ``clock_s``."""
        index = int(np.searchsorted(self.edges_s, clock_s + 1e-9, side="right")) - 1
        return int(self.target[min(max(index, 0), len(self.target) - 1)])

    def act(self, market) -> list[ChildOrder]:
        """Trade the slice that begins now, with what earlier slices did not get."""
        return self._take(self.due(market.clock_s) - self.filled(market))


class TWAP(Scheduled):
    """Equal parts at equal intervals, each crossing the spread at the start of its slice.

    Parameters
    ----------
    interval_s : float
        Seconds between child orders; a last, shorter slice gets its share of time.
    lot : float, optional
        Child sizes are whole multiples of this, but for the last one; None = one lot.

    Examples
    --------
    >>> TWAP(interval_s=300).interval_s
    300.0
    """

    def weights(self, edges_s, market):
        return np.diff(edges_s)


class VWAP(Scheduled):
    """Parts in proportion to the volume that is expected in each slice.

    Parameters
    ----------
    curve : callable or pair of sequences, optional
        Expected cumulated volume at times in seconds (any positive unit): a function of an array
        of times, or ``(times_s, cumulated)`` joined by straight lines. None asks the market for
        the curve of its profile, ``market.expected_volume_curve``.
    interval_s : float
        Seconds between child orders.
    lot : float, optional
        As in :class:`TWAP`.

    Notes
    -----
    The curve is an expectation. On a day whose volume comes at other hours the order is not at
    the day's VWAP; that difference is the risk of the schedule.
    """

    def __init__(
        self,
        curve: Callable[[np.ndarray], np.ndarray] | tuple[Sequence, Sequence] | None = None,
        interval_s: float = 300.0,
        lot: float | None = None,
    ) -> None:
        super().__init__(interval_s, lot)
        self.curve = curve

    def weights(self, edges_s, market):
        if self.curve is None:
            cumulated = market.expected_volume_curve(edges_s)
        elif callable(self.curve):
            cumulated = self.curve(edges_s)
        else:
            times_s, volume = self.curve
            cumulated = np.interp(edges_s, times_s, volume)
        weights = np.diff(np.asarray(cumulated, dtype=np.float64))
        if not (weights >= 0).all() or not weights.sum() > 0:
            raise ValueError("the volume curve must not fall and must rise in the order's window")
        return weights


class POV(Benchmark):
    r"""A fixed share of the market's volume, following it as it is printed.

    With :math:`V` the volume of others since the start, the order should have done

    .. math:: q = V\,\rho / (1 - \rho),

    so that it is the share :math:`\rho` of all volume, its own included.

    Parameters
    ----------
    rate : float
        Share of all volume, between 0 and 1.
    interval_s : float
        Seconds between looks at the tape. The order reacts to volume already printed, so it
        lags by up to one interval.
    lot : float, optional
        Child sizes are whole multiples of this, but for the last one; None = one lot.
    finish : bool
        Trade what is left at the end; by default it stays undone (opportunity cost).
    """

    def __init__(
        self, rate: float, interval_s: float = 60.0, lot: float | None = None, finish: bool = False
    ) -> None:
        super().__init__(interval_s, lot)
        if not 0 < rate < 1:
            raise ValueError(f"rate is {rate}; it must lie between 0 and 1")
        self.rate = float(rate)
        self.finish = bool(finish)

    def reset(self, order: ParentOrder, market) -> None:
        """Take a new parent order and note the volume so far."""
        super().reset(order, market)
        self._volume_at_start = market.volume

    def act(self, market) -> list[ChildOrder]:
        """Catch up with the share of the volume that others traded."""
        done = self.filled(market)
        left = self.order.lots - done
        if self.finish and market.clock_s >= self.order.end_s - 1e-9:
            return self._take(left)
        others = self._lots(market.volume - self._volume_at_start) - done
        behind = int(others * self.rate / (1 - self.rate) + 1e-9) - done
        lots = min(behind, left)
        return self._take(lots if lots == left else self._multiple * (lots // self._multiple))


class Immediate(Benchmark):
    """Everything at once; what the book could not give is asked for again at each interval.

    Parameters
    ----------
    interval_s : float
        Seconds between attempts.
    """

    def __init__(self, interval_s: float = 60.0) -> None:
        super().__init__(interval_s)

    def act(self, market) -> list[ChildOrder]:
        """Take all that is left."""
        return self._take(self.order.lots - self.filled(market))


class PassiveTWAP(Scheduled):
    """TWAP that posts each slice at the best price of its own side and crosses only when late.

    Within a slice the order waits in the queue at the best bid (for a buy). Whenever the best
    price has moved away it is cancelled and posted again at the new best, at the back of that
    queue. What is not filled when the slice ends crosses the spread.

    Parameters
    ----------
    interval_s : float
        Length of a slice in seconds.
    repeg_s : float
        Seconds between looks at the best price, at most ``interval_s``.
    lot : float, optional
        As in :class:`TWAP`.
    """

    def __init__(self, interval_s: float = 300.0, repeg_s: float = 5.0,
                 lot: float | None = None) -> None:
        super().__init__(repeg_s, lot)
        if not repeg_s <= interval_s:
            raise ValueError(f"repeg_s is {repeg_s}; it must not exceed interval_s, {interval_s}")
        self.slice_s = float(interval_s)

    def reset(self, order: ParentOrder, market) -> None:
        """Take a new parent order and lay out its slices."""
        Benchmark.reset(self, order, market)
        self.edges_s = slice_edges(order.start_s, order.end_s, self.slice_s)
        self.target = np.cumsum(allocate(order.lots, np.diff(self.edges_s), self._multiple))

    def act(self, market) -> list[ChildOrder]:
        """Cross for what is overdue, then keep the rest of the slice at the best price."""
        filled, now = self.filled(market), market.clock_s
        at_end = now >= self.order.end_s - 1e-9
        ended = int(np.searchsorted(self.edges_s[1:], now + 1e-9, side="right"))
        overdue = max(0, (int(self.target[ended - 1]) if ended else 0) - filled)
        wanted = 0 if at_end else self.due(now) - filled - overdue
        resting = resting_orders(market)
        price = self._peg(market)
        stays = (
            overdue == 0
            and price is not None
            and self._lots(sum(size for _, _, size in resting)) == wanted
            and all(abs(at - price) < 1e-9 for _, at, _ in resting)
        )
        if stays:
            return []
        children = [ChildOrder(0, kind=Kind.CANCEL, order_id=number) for number, _, _ in resting]
        children += self._take(overdue)
        if wanted > 0 and price is not None:
            children.append(self._child(wanted, price, Kind.POST_ONLY))
        return children

    def _peg(self, market) -> float | None:
        """Best price of the own side, held within the limit price; None when that side is empty."""
        best = market.best_bid if self.order.side > 0 else market.best_ask
        if best is None or np.isnan(best):
            return None
        limit = self.order.limit_price
        if limit is None:
            return float(best)
        return float(min(best, limit) if self.order.side > 0 else max(best, limit))


def resting_orders(market) -> list[tuple[int, float, float]]:
    """Own resting orders of a market as ``(order_id, price, remaining size)``."""
    orders = market.open_orders
    rows = orders.itertuples(index=False) if hasattr(orders, "itertuples") else orders
    return [(int(row.order_id), float(row.price), row.size) for row in rows]
