"""Market makers: what they are asked, what they answer, and makers that quote by a model."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = ["FixedMaker", "Maker", "MakerState", "MakingSession", "ModelMaker", "Quotes"]


class Quotes(NamedTuple):
    """What a maker wants to rest: prices in ticks (None = no quote), sizes in the market's unit.

    Sizes are rounded down to lots and cut to the room that the inventory limit leaves.
    """

    bid_ticks: int | None
    ask_ticks: int | None
    bid_size: float
    ask_size: float


class MakerState(NamedTuple):
    """What a maker is told at every look.

    ``time_s`` and ``left_s`` (until the session ends) in seconds; ``inventory`` since the start of
    the session, positive = long, in the market's unit; ``bid_ticks``, ``ask_ticks`` the best
    quotes and ``mid_ticks`` their middle (the last ones known while a side is empty);
    ``weighted_ticks`` the mid weighted with the sizes of the opposite sides; ``fills`` so far;
    ``market`` for whatever else one may look at.
    """

    time_s: float
    left_s: float
    inventory: float
    bid_ticks: int
    ask_ticks: int
    mid_ticks: float
    weighted_ticks: float
    fills: int
    market: object


@dataclass(frozen=True)
class MakingSession:
    """What a maker is hired for.

    Parameters
    ----------
    start_s, end_s : float
        Seconds after midnight, start < end.
    quote_size : float
        Size of one quote in the market's unit, a whole number of lots.
    max_inventory : float
        Most that may be held, long or short, in the market's unit; at least one quote. It is
        kept at any latency: what may still be filled counts as filled.
    markout_s : float
        Adverse selection is what the mid moves within this time after a fill, > 0.
    flatten : bool
        Take what is held out of the book at the end; otherwise it is valued at the mid.

    Examples
    --------
    >>> MakingSession(36_000, 39_600, quote_size=0.01, max_inventory=0.1).duration_s
    3600
    """

    start_s: float
    end_s: float
    quote_size: float
    max_inventory: float
    markout_s: float = 10.0
    flatten: bool = False

    def __post_init__(self):
        if not self.start_s < self.end_s:
            raise ValueError(f"start_s is {self.start_s} and end_s {self.end_s}; start comes first")
        if not 0 < self.quote_size < math.inf:
            raise ValueError(f"quote_size is {self.quote_size}; it must be a number above 0")
        if not self.quote_size <= self.max_inventory < math.inf:
            raise ValueError(f"max_inventory is {self.max_inventory}; it must be at least one "
                             f"quote, {self.quote_size}")
        if not self.markout_s > 0:
            raise ValueError(f"markout_s is {self.markout_s}; it must be positive")

    @property
    def duration_s(self) -> float:
        """Length of the session in seconds."""
        return self.end_s - self.start_s


class Maker(Protocol):
    """What :func:`lobsim.strategies.make_markets` needs of a market maker."""

    interval_s: float

    def reset(self, session: MakingSession, market) -> None:
        """Forget the last session and begin a new one; called at ``session.start_s``."""

    def quote(self, state: MakerState) -> Quotes:
        """Say what should rest now; called every ``interval_s``."""


class ModelMaker:
    """Quotes at the distances of a model, rounded to the tick.

    The model sees the inventory in quotes and the time left in seconds, so its prices must be in
    ticks and its times in seconds. Distances are rounded to the nearest tick, halves away from
    the mid; a quote that would trade at once waits one tick before the other side's best.

    Parameters
    ----------
    model
        Anything with ``depths(inventory, time_left) -> (bid, ask)``: `AvellanedaStoikov`, `GLFT`,
        `CarteaJaimungalMaking` and their kin.
    interval_s : float
        Seconds between looks.
    reference : str
        Distances are from the "mid", or from the "weighted" mid.
    fee_ticks : float
        Added to both distances: a maker fee (negative: a rebate) moves every price by as much,
        since a fill at d then earns no more than one at d - fee does without it.
    horizon_s : float, optional
        The model's time left is at most this; None = the whole session.
    on_change : bool
        Ask the model only when the best quotes or the inventory have changed since the last
        look; otherwise at every look.

    Examples
    --------
    >>> from lobsim.strategies import AvellanedaStoikov
    >>> maker = ModelMaker(AvellanedaStoikov(0.1, 0.3, 0.9), interval_s=1.0)
    >>> maker.interval_s
    1.0
    """

    def __init__(self, model, interval_s: float = 1.0, *, reference: str = "mid",
                 fee_ticks: float = 0.0, horizon_s: float | None = None,
                 on_change: bool = False) -> None:
        if not interval_s > 0:
            raise ValueError(f"interval_s is {interval_s}; it must be positive")
        if reference not in ("mid", "weighted"):
            raise ValueError(f"reference is {reference!r}; allowed are 'mid' and 'weighted'")
        if not math.isfinite(fee_ticks):
            raise ValueError(f"fee_ticks is {fee_ticks}; it must be a number")
        if horizon_s is not None and not horizon_s > 0:
            raise ValueError(f"horizon_s is {horizon_s}; it must be positive, or None")
        self.model = model
        self.interval_s = float(interval_s)
        self.reference = reference
        self.fee_ticks = float(fee_ticks)
        self.horizon_s = math.inf if horizon_s is None else float(horizon_s)
        self.on_change = bool(on_change)

    def reset(self, session: MakingSession, market) -> None:
        """Begin a session."""
        self.size = session.quote_size
        self._seen, self._quotes = None, None

    def quote(self, state: MakerState) -> Quotes:
        """Quotes at the model's distances."""
        seen = (state.bid_ticks, state.ask_ticks, state.inventory)
        if self.on_change and seen == self._seen:
            return self._quotes
        bid, ask = self.model.depths(state.inventory / self.size,
                                     min(state.left_s, self.horizon_s))
        around = state.mid_ticks if self.reference == "mid" else state.weighted_ticks
        self._seen = seen
        self._quotes = Quotes(
            _bid_at(around - float(bid) - self.fee_ticks, state.ask_ticks),
            _ask_at(around + float(ask) + self.fee_ticks, state.bid_ticks),
            self.size, self.size)
        return self._quotes


class _Constant:
    """The same distances always."""

    def __init__(self, half_spread_ticks: float):
        self.half_spread_ticks = half_spread_ticks

    def depths(self, inventory, time_left):
        return self.half_spread_ticks, self.half_spread_ticks


class FixedMaker(ModelMaker):
    """The symmetric maker: the same distance on both sides, whatever is held.

    Parameters
    ----------
    half_spread_ticks : float
        From the mid, >= 0.
    interval_s : float
    **options
        As in `ModelMaker`.
    """

    def __init__(self, half_spread_ticks: float, interval_s: float = 1.0, **options) -> None:
        if not 0 <= half_spread_ticks < math.inf:
            raise ValueError(f"half_spread_ticks is {half_spread_ticks}; it must not be negative")
        super().__init__(_Constant(float(half_spread_ticks)), interval_s, **options)


def _bid_at(price: float, best_ask: int) -> int | None:
    """Nearest tick, halves down, below the best ask."""
    return None if math.isinf(price) else min(math.ceil(price - 0.5 - 1e-9), best_ask - 1)


def _ask_at(price: float, best_bid: int) -> int | None:
    """Nearest tick, halves up, above the best bid."""
    return None if math.isinf(price) else max(math.floor(price + 0.5 + 1e-9), best_bid + 1)
