"""Parts of the venue: fees, latency, halts, and the rule by which own orders are filled."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fees:
    """What the venue charges; negative values are rebates.

    Parameters
    ----------
    maker_fee, taker_fee : float
        Per unit if `fee_unit` is "per_share", of the notional in basis points if "bps".
    cancel_fee : float
        Currency per cancelled or replaced order.
    share_fee : float
        Currency per unit traded, on top of both (regulatory and clearing fees).
    """

    maker_fee: float = 0.0
    taker_fee: float = 0.0
    fee_unit: str = "per_share"
    cancel_fee: float = 0.0
    share_fee: float = 0.0

    def __post_init__(self):
        if self.fee_unit not in ("per_share", "bps"):
            raise ValueError(f"fee_unit is {self.fee_unit!r}; it must be 'per_share' or 'bps'")


@dataclass(frozen=True)
class Latency:
    """Delays between the trader and the venue, in seconds.

    The trader sees the venue as it was `feed_s` (plus jitter) ago; orders and cancels reach it
    `order_s` and `cancel_s` (plus jitter) after they were sent, and never overtake one another.
    Jitter is exponential with the given mean. Reports of own orders come through the same feed.

    Parameters
    ----------
    feed_s, order_s, cancel_s : float
    feed_jitter_s, order_jitter_s, cancel_jitter_s : float
    """

    feed_s: float = 0.0
    order_s: float = 0.0
    cancel_s: float = 0.0
    feed_jitter_s: float = 0.0
    order_jitter_s: float = 0.0
    cancel_jitter_s: float = 0.0

    def __post_init__(self):
        if min(self.__dict__.values()) < 0:
            raise ValueError(f"{self} has a negative delay; delays must not be negative")


@dataclass(frozen=True)
class Halts:
    """Trading halts: nothing is accepted but cancellations, and the price moves on unseen.

    Parameters
    ----------
    halts : tuple of (start_s, length_s)
        In order of time, seconds after midnight, not overlapping.
    """

    halts: tuple[tuple[float, float], ...]

    def __post_init__(self):
        end = -np.inf
        for start, length in self.halts:
            if start < end or length <= 0:
                raise ValueError(f"halts is {self.halts}; halts must follow one another and last "
                                 f"longer than 0 s")
            end = start + length


FILL_RULES = ("queue", "no_impact", "touch", "probability")


@dataclass(frozen=True)
class FillRule:
    """When own orders are filled. Without this part they are real orders in the real queue.

    Under every other rule own orders stay out of the book, so nobody can react to them; they are
    here to be compared with the truth.

    Parameters
    ----------
    fill_rule : str
        ``"queue"``: the default, real orders.

        ``"no_impact"``: an own order holds its exact place in the queue and is filled by whatever
        would have reached it, but takes nothing from others; a taking order walks the visible
        depth and leaves it there. The visible assumption that own orders do not matter.

        ``"touch"``: QuantConnect LEAN's equity rule. Taking orders are filled in full at the best
        quote, whatever its size; a resting order is filled in full at its price by the first trade
        strictly beyond it.

        ``"probability"``: a resting order at a distance of d ticks from the mid is filled in full
        with rate ``fill_rate_per_s * exp(-fill_decay_per_tick * d)``, as in Avellaneda and Stoikov
        (2008) [1]_, section 2.5; taking orders as under "touch".
    fill_rate_per_s, fill_decay_per_tick : float
        A and k of the last rule.

    References
    ----------
    .. [1] M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book", Quantitative
       Finance 8(3), 2008.
    """

    fill_rule: str = "queue"
    fill_rate_per_s: float = 1.0
    fill_decay_per_tick: float = 1.0

    def __post_init__(self):
        if self.fill_rule not in FILL_RULES:
            raise ValueError(f"fill_rule is {self.fill_rule!r}; it must be one of "
                             f"{', '.join(FILL_RULES)}")
        if self.fill_rate_per_s < 0 or self.fill_decay_per_tick < 0:
            raise ValueError("fill_rate_per_s and fill_decay_per_tick must not be negative")
