"""A venue: order book, background order flow, clock and fees, for one trader to act in."""

from lobsim.market.market import Market, OwnOrder, Recording
from lobsim.market.profiles import Profile, profiles

__all__ = ["Market", "OwnOrder", "Profile", "Recording", "profiles"]
