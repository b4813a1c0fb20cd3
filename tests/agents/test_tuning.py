"""Hand-written rules are tuned to what costs least, on seeds of their own."""

from lobsim.agents.cases import find_case
from lobsim.agents.tuning import tuned_pace
from lobsim.market.parts import Fundamental


def test_the_pace_follows_a_trend_and_not_its_opposite():
    steep = Fundamental(volatility_bps=0.5, trend_bps_per_min=-20.0)
    case = find_case("pacing").with_settings(quantity=1_000, horizon_s=600.0, parts=(steep,))
    rule = tuned_pace(case, weights=(-100.0, 0.0, 100.0), late_s=(20.0,), episodes=4)
    assert rule.weights == {"trend": 100.0} and rule.late_s == 20.0
