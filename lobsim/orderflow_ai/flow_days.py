"""Days of the market that the shipped message model learned from, and days held out.

The market is the simulator's own mid-tick share (`MIDCAP` of `lobsim.market.profiles`), whose flow
has what neither Poisson nor Hawkes arrivals have: makers who follow a hidden price and lean on the
book, meta-orders, sweeps, sizes that come again. Nothing of it is known to the model but messages.
A *day* is its half hour from ten o'clock; a seed is a day.
"""

from lobsim.market import Market, Recording
from lobsim.orderflow_ai.tokens import Encoded, Tokenizer

__all__ = ["END_S", "JUDGE", "LEARN", "PROFILE", "START_S", "TOKENIZER", "VALIDATE", "recorded_day",
           "true_day"]

PROFILE = "MIDCAP"
START_S, END_S = 36_000.0, 37_800.0
LEARN = tuple(range(1, 17))
VALIDATE = (17, 18)
JUDGE = tuple(range(101, 109))
"""Seeds of the days to learn from, to choose the best weights by, and to judge by."""
TOKENIZER = Tokenizer(round_lot=100, largest_size=5_000)
"""Sizes are told in round lots; no order of the profile is larger than 2,000 shares."""


def recorded_day(seed: int, end_s: float = END_S) -> Recording:
    """All messages of a day, from ten o'clock to `end_s`."""
    market = Market(PROFILE, seed, START_S, end_s, record=True)
    market.advance(end_s)
    return market.record()


def true_day(seed: int, end_s: float = END_S) -> Encoded:
    """A day as tokens.

    Examples
    --------
    >>> true_day(101, end_s=START_S + 1.0).refused
    0
    """
    kept = recorded_day(seed, end_s)
    return TOKENIZER.encode(kept.messages, kept.initial)
