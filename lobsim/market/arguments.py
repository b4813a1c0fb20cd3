"""Arguments that people give to a market, checked: seeds, windows, kinds of orders."""

from lobsim.engine.codes import Kind
from lobsim.market.profile import Profile


def checked_seed(seed, name: str = "seed") -> int:
    """The seed as an int, or a ValueError that says what is allowed."""
    try:
        whole = int(seed)
    except (TypeError, ValueError, OverflowError):
        whole = -1
    if not 0 <= whole < 2**63 or whole != seed:
        raise ValueError(f"{name} is {seed!r}; it must be a whole number from 0 to 2**63 - 1")
    return whole


def checked_window(profile: Profile, start_s, end_s) -> tuple[float, float]:
    """The window as floats, or a ValueError that says what is allowed."""
    start_s, end_s = float(start_s), float(end_s)
    if not profile.day_start_s <= start_s < end_s <= profile.day_end_s:
        raise ValueError(f"the window is {start_s:g} to {end_s:g} s; it must lie inside the day "
                         f"of {profile.name}, {profile.day_start_s:g} to {profile.day_end_s:g} s")
    return start_s, end_s


def kind_of(kind) -> Kind:
    """The kind of a new order from its name, or a ValueError that says what is allowed."""
    allowed = (Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.FOK, Kind.POST_ONLY)
    try:
        found = Kind[kind.upper()] if isinstance(kind, str) else Kind(kind)
    except (KeyError, ValueError):
        found = None
    if found not in allowed:
        names = ", ".join(k.name.lower() for k in allowed)
        raise ValueError(f"kind is {kind!r}; it must be one of {names}")
    return found
