"""The parts that a market is made of: small frozen sets of documented parameters.

A profile holds a tuple of parts, at most one of each class; the kernel runs those that are there.

========================== ====================================================================
who sends orders           `ZeroIntelligence`, `Hawkes`, `QueueReactive` or `Recorded` (one of
                           them), `Hidden`, `Takers`, `Metaorders`, `Predator`
what they know             `Fundamental`, `Makers`
when                       `VolumeCurve`, `Regimes`, `Shocks`
what own trades do         `Impact`
the venue                  `Fees`, `Latency`, `Halts`, `FillRule`
========================== ====================================================================

Names of parameters are unique over all parts, so that `Profile.with_changes` finds them. Rates are
per second of the *average* minute of the day; distances and edges are in ticks.
"""

from lobsim.market.parts_flow import (Hawkes, Hidden, Metaorders, Predator, QueueReactive, Recorded,
                                      Takers, ZeroIntelligence)
from lobsim.market.parts_price import (Fundamental, Impact, Makers, Regime, Regimes, Shock,
                                       Shocks, VolumeCurve)
from lobsim.market.parts_venue import FILL_RULES, Fees, FillRule, Halts, Latency

PARTS = (ZeroIntelligence, Hawkes, QueueReactive, Recorded, Takers, Fundamental, Makers, Impact,
         VolumeCurve, Regimes, Shocks, Hidden, Metaorders, Predator, Fees, Latency, Halts, FillRule)

__all__ = ["FILL_RULES", "PARTS", "Fees", "FillRule", "Fundamental", "Halts", "Hawkes", "Hidden",
           "Impact", "Latency", "Makers", "Metaorders", "Predator", "QueueReactive", "Recorded",
           "Regime", "Regimes", "Shock", "Shocks", "Takers", "VolumeCurve", "ZeroIntelligence"]
