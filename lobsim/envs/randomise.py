"""Domain randomisation: another market for every episode, drawn from the episode's seed."""

from collections.abc import Callable, Mapping
from dataclasses import fields

import numpy as np

from lobsim.market.parts import PARTS
from lobsim.market.profile import Profile

__all__ = ["Randomise", "drawn_profile"]

Randomise = Mapping[str, tuple[float, float]] | Callable[[np.random.Generator, Profile], Profile]
"""Ranges by parameter, or a function of a generator and the profile that returns a profile."""


def drawn_profile(randomise: Randomise | None, profile: Profile,
                  rng: np.random.Generator) -> Profile:
    """The market of one episode.

    Parameters
    ----------
    randomise : mapping of parameter to (low, high), callable, or None
        Ranges are uniform, in the parameter's own unit: those of the profile and its parts
        (``taker_fee``, ``depth_per_tick``, ``order_s``, ``volatility_bps`` ...). A part that the
        profile does not have, such as `Latency`, is added first. A callable
        ``randomise(rng, profile)`` may return any profile, and must use no other randomness.
    profile : Profile
        Where it starts from.
    rng : numpy.random.Generator
        Of the episode.

    Raises
    ------
    ValueError
        When a parameter is unknown, a range is none, or the callable returns no profile.

    Examples
    --------
    >>> from lobsim.market import profiles
    >>> rng = np.random.default_rng(1)
    >>> drawn = drawn_profile({"order_s": (0.01, 0.1)}, profiles["SPY"], rng)
    >>> 0.01 <= drawn.order_s <= 0.1
    True
    """
    if randomise is None:
        return profile
    if callable(randomise):
        drawn = randomise(rng, profile)
        if not isinstance(drawn, Profile):
            raise ValueError(f"randomise returned {type(drawn).__name__}; it must return a Profile")
        return drawn
    changes = {}
    for name, limits in randomise.items():
        low, high = _range(name, limits)
        changes[name] = float(rng.uniform(low, high))
        if not hasattr(profile, name):
            profile = _with_part_of(name, profile)
    return profile.with_changes(**changes)


def _range(name, limits) -> tuple[float, float]:
    try:
        low, high = map(float, limits)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if not (np.isfinite([low, high]).all() and low <= high):
        raise ValueError(f"randomise gives {name} the range {limits!r}; it must be two finite "
                         f"numbers (low, high)")
    return low, high


def _with_part_of(name: str, profile: Profile) -> Profile:
    """The profile with the part added that has a parameter of this name."""
    for part in PARTS:
        if name in {field.name for field in fields(part)}:
            try:
                return profile.with_parts(part())
            except TypeError:
                break
    raise ValueError(f"randomise names {name!r}; profile {profile.name} has no such parameter")
