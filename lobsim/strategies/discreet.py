"""Schedules that give less away: random times and sizes, and trading when it is cheap to hide."""

import math

import numpy as np

from lobsim.strategies.schedules import Benchmark, Scheduled

__all__ = ["Opportunistic", "RandomisedTWAP"]


class RandomisedTWAP(Scheduled):
    """TWAP whose children come at random moments with random sizes, and with pauses.

    The window is cut into blocks of about `block_s`, each of which gets its share of time of the
    quantity, so that the order is never far from TWAP and done at the end. Within a block every
    interval is left out with the chance `pause`; the others get random parts. What the book did not
    give is caught up at the next interval.

    Parameters
    ----------
    interval_s : float
        Seconds between possible moments.
    block_s : float
        Length of a block, at least `interval_s`.
    pause : float
        Chance that an interval has no child, 0 to below 1.
    roughness : float
        Coefficient of variation of the sizes (gamma law) of those that have, > 0.
    seed : int
        The draws depend on it and on the seed of the market, if that has one: another day is
        another draw, the same day the same.
    lot : float, optional
        As in :class:`TWAP`.

    Examples
    --------
    >>> RandomisedTWAP(10, block_s=300).block_s
    300.0
    """

    def __init__(self, interval_s: float = 10.0, block_s: float = 300.0, pause: float = 0.5,
                 roughness: float = 1.0, seed: int = 0, lot: float | None = None) -> None:
        super().__init__(interval_s, lot)
        if not block_s >= interval_s:
            raise ValueError(f"block_s is {block_s}; it must be at least interval_s, {interval_s}")
        if not 0 <= pause < 1:
            raise ValueError(f"pause is {pause}; it must lie from 0 to below 1")
        if not roughness > 0:
            raise ValueError(f"roughness is {roughness}; it must be above 0")
        self.block_s, self.pause = float(block_s), float(pause)
        self.roughness, self.seed = float(roughness), int(seed)

    def weights(self, edges_s, market):
        rng = np.random.default_rng((self.seed, int(getattr(market, "seed", 0) or 0)))
        length = np.diff(edges_s)
        shape = self.roughness**-2
        drawn = length * rng.gamma(shape, size=len(length))
        drawn[rng.random(len(length)) < self.pause] = 0.0
        block = ((edges_s[:-1] - edges_s[0]) / self.block_s + 1e-9).astype(np.int64)
        time, size = (np.bincount(block, part) for part in (length, drawn))
        empty = size[block] == 0  # a block that paused throughout trades evenly
        drawn = np.where(empty, length, drawn)
        return drawn * (time / np.bincount(block, drawn))[block]


class Opportunistic(Benchmark):
    """Trades within a band around TWAP, and there only while trading is cheap and busy.

    At each look it may do up to `band` of the order more than TWAP, and must not be more than
    `band`, nor than half of what TWAP has still to do, behind. Within that it takes when the
    spread is at most its median of the looks so far and the others' volume since the last look at
    least the median; never more than `touch_share` of the size at the best price and `rate` of
    that volume. What the band asks for is done at once, and what is left at the end.

    Parameters
    ----------
    interval_s : float
        Seconds between looks.
    band : float
        Share of the order, between 0 and 1.
    touch_share : float
        Most of the size at the touch that a child of choice takes, above 0.
    rate : float
        Most of a child of choice, as a share of the volume that others traded since the last look.
    lot : float, optional
        As in :class:`TWAP`.
    """

    def __init__(self, interval_s: float = 10.0, band: float = 0.15, touch_share: float = 0.5,
                 rate: float = 0.5, lot: float | None = None) -> None:
        super().__init__(interval_s, lot)
        if not 0 < band < 1:
            raise ValueError(f"band is {band}; it must lie between 0 and 1")
        for name, value in (("touch_share", touch_share), ("rate", rate)):
            if not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0")
        self.band, self.touch_share, self.rate = float(band), float(touch_share), float(rate)

    def reset(self, order, market) -> None:
        """Take a new parent order and forget what was cheap and busy."""
        super().reset(order, market)
        self._spreads: list[float] = []
        self._volumes: list[float] = []
        self._last = market.volume, market.position

    def act(self, market):
        """Do what the band asks for, and more where the moment is good."""
        spread, volume = market.best_ask - market.best_bid, market.volume
        others = volume - self._last[0] - abs(market.position - self._last[1])
        done, lots = self.filled(market), self.order.lots
        line = lots * (market.clock_s - self.order.start_s) / self.order.duration_s
        at_end = market.clock_s >= self.order.end_s - 1e-9
        # behind by no more than half of what TWAP would still do, or the end is a sweep
        behind = min(self.band * lots, 0.5 * (lots - line))
        must = lots - done if at_end else math.ceil(line - behind - 1e-9) - done
        may = min(math.floor(line + self.band * lots + 1e-9), lots) - done
        if self._volumes and self._good(spread, others):
            touch = market.depth(1)
            size = touch.ask_size if self.order.side > 0 else touch.bid_size
            most = min(self.touch_share * float(np.sum(size)), self.rate * others)
            wish = min(may, math.floor(most / self.order.lot_size + 1e-9))
        else:
            wish = 0
        self._spreads.append(spread)
        self._volumes.append(others)
        self._last = volume, market.position
        if must >= wish:  # up to whole multiples, as the band is a bound; else down
            size = min(self._multiple * -(-max(must, 0) // self._multiple), lots - done)
        else:
            size = wish if wish == lots - done else self._multiple * (wish // self._multiple)
        return self._take(size)

    def _good(self, spread: float, others: float) -> bool:
        """Whether the spread is no wider and the volume no less than in the median look."""
        return (spread <= np.nanmedian(self._spreads) * (1 + 1e-9)
                and others >= np.median(self._volumes) and others > 0)
