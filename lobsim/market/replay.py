"""A profile for recorded messages: `replay_profile`, the venue of somebody else's order flow."""

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.records import MESSAGE
from lobsim.market.parts import Fees, Recorded
from lobsim.market.profile import Profile
from lobsim.market.state import NS, OWN_ROOM

_MARGIN = 1_000  # ticks kept free beyond the recorded prices, for own orders and for sweeps
_NEW = (Kind.LIMIT, Kind.POST_ONLY)
_WITH_PRICE = (*_NEW, Kind.IOC, Kind.FOK, Kind.REPLACE)


def replay_profile(messages: np.ndarray, initial: np.ndarray | None = None, *,
                   tick_size: float, lot_size: float = 1.0, size_unit: str = "shares",
                   name: str = "replay", day_start_s: float | None = None,
                   day_end_s: float | None = None, fees: Fees | None = None) -> Profile:
    """Profile under which a `Market` plays recorded messages, with own orders among them.

    Parameters
    ----------
    messages : ndarray of `MESSAGE`
        In order of time, as `lobsim.data.to_messages` and its like return them.
    initial : ndarray of `MESSAGE`, optional
        Limit orders that rest at the start.
    tick_size, lot_size : float
        What a tick and a lot of the messages are worth.
    size_unit, name : str
    day_start_s, day_end_s : float, optional
        The day; by default the whole seconds around the first and the last message.
    fees : Fees, optional

    Returns
    -------
    Profile
        To be used with any seed (nothing is drawn). The price band and the places in the book are
        taken from the messages.

    Raises
    ------
    ValueError
        When there are no messages, or their times go back.

    Examples
    --------
    >>> from lobsim.market import Market
    >>> original = Market("SPY", seed=1, end_s=36_060, record=True)
    >>> original.advance(36_060)
    >>> kept = original.record()
    >>> played = Market(replay_profile(kept.messages, kept.initial, tick_size=0.01),
    ...                 start_s=36_000, end_s=36_060)
    >>> played.advance(36_060)
    >>> bool(played.mid == original.mid and played.volume == original.volume)
    True
    """
    initial = np.zeros(0, MESSAGE) if initial is None else initial
    if len(messages) == 0:
        raise ValueError("there are no messages to replay")
    times = messages["time_ns"]
    if (np.diff(times) < 0).any():
        row = int(np.argmax(np.diff(times) < 0)) + 1
        raise ValueError(f"time_ns goes back in row {row}: {times[row]} after {times[row - 1]}; "
                         f"messages must be in order of time")
    both = np.concatenate([initial, messages])
    prices = both["price_ticks"][np.isin(both["kind"], _WITH_PRICE)]
    low, high = (int(prices.min()), int(prices.max())) if len(prices) else (1, 1)
    low, high = max(low - _MARGIN, 1), high + _MARGIN
    middle = (low + high) // 2
    resting = int(np.isin(both["kind"], _NEW).sum())
    start = int(times[0]) // NS if day_start_s is None else day_start_s
    end = -(-int(times[-1]) // NS) if day_end_s is None else day_end_s
    return Profile(
        name=name, symbol=name, description="recorded messages", tick_size=tick_size,
        start_price=middle * tick_size, lot_size=lot_size, size_unit=size_unit,
        day_start_s=float(start), day_end_s=float(max(end, start + 1)),
        max_live=_most_live(both, resting) + 2 * OWN_ROOM, band_ticks=2 * (high - middle + 1),
        parts=(Recorded(messages, initial), fees or Fees()))


def _most_live(messages: np.ndarray, resting: int) -> int:
    """Bound on the orders that rest at one time: new ones so far minus those cancelled so far."""
    kinds = messages["kind"]
    change = np.isin(kinds, _NEW).astype(np.int64) - (kinds == Kind.CANCEL)
    return max(1, min(resting, int(np.maximum.accumulate(np.cumsum(change)).max())))
