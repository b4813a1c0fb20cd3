"""A venue: order book, background order flow, clock and fees, for one trader to act in."""

from lobsim.engine.jit import register_warm_up
from lobsim.market.batch import MarketBatch
from lobsim.market.lobster_day import synthesise_lobster
from lobsim.market.market import Market, OwnOrder, Recording
from lobsim.market.profile import Profile
from lobsim.market.profiles import UNIVERSE, profiles
from lobsim.market.replay import replay_profile
from lobsim.market.taq_day import synthesise_taq_day

__all__ = [
    "Market", "MarketBatch", "OwnOrder", "Profile", "Recording", "UNIVERSE", "profiles",
    "replay_profile", "synthesise_lobster", "synthesise_taq_day",
]


def _warm() -> None:
    """Run every kernel once on a short market, so that nothing compiles later."""
    market = Market("SPY", seed=0, start_s=36_000, end_s=36_060)
    market.advance(36_001)
    market.cancel(market.submit("buy", 1, price=market.best_bid))
    market.cancel_all()


register_warm_up("market", _warm)
