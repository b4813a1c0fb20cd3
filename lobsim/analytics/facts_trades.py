"""Stylised facts of trades: signs, gaps, sizes, what a trade pays, and how the mid responds."""

import numpy as np

from lobsim.analytics._checks import NS_PER_S
from lobsim.analytics.facts_numbers import autocorrelation, mean, ratio
from lobsim.analytics.facts_tape import Quotes, Trades

SIGN_LAGS = (1, 5, 10, 20, 50, 100)
RESPONSE_S = (1, 10, 60)


def trade_facts(trades: Trades, span_s: float) -> dict[str, float]:
    """Rate, sizes, clustering in time, and memory of the signs."""
    gap = np.diff(trades.time_ns) / NS_PER_S
    sign = trades.sign[trades.sign != 0]
    facts = {
        "trades_per_min": 60 * len(trades.size) / span_s,
        "trade_size_mean": mean(trades.size),
        "trade_size_median": float(np.median(trades.size)) if len(trades.size) else np.nan,
        "fills_per_trade": np.nan if trades.fills is None else mean(trades.fills),
        "gap_cv": ratio(float(gap.std()), float(gap.mean())) if len(gap) > 1 else np.nan,
        "buy_share": mean((sign > 0).astype(float)),
        "same_sign_share": mean((sign[1:] == sign[:-1]).astype(float)),
    }
    for lag in SIGN_LAGS:
        facts[f"sign_acf_{lag}"] = autocorrelation(sign, lag)
    return facts


def cost_facts(quotes: Quotes, trades: Trades, second_ns: int = NS_PER_S) -> dict[str, float]:
    r"""Effective half spread, mid response and realised half spread, in ticks.

    With sign :math:`\epsilon`, price :math:`p` and mid :math:`m` (just before the trade, and
    :math:`\tau` after it): :math:`\epsilon(p - m)`, :math:`\epsilon(m_\tau - m)`, and their
    difference, the maker's :math:`\epsilon(p - m_\tau)`. Trades whose :math:`\tau` ends after the
    window are left out of the latter two. `second_ns` is a second of the market's own clock.
    """
    before = quotes.mid_at(trades.time_ns, before=True)
    known = (trades.sign != 0) & np.isfinite(before)
    time, sign = trades.time_ns[known], trades.sign[known]
    before = before[known]
    paid = sign * (trades.price[known] - before)
    facts = {"effective_half_spread_ticks": mean(paid)}
    for horizon_s in RESPONSE_S:
        when = time + horizon_s * second_ns
        seen = int(np.searchsorted(when, quotes.end_ns, side="right"))
        response = sign[:seen] * (quotes.mid_at(when[:seen]) - before[:seen])
        moved, cost = mean(response), mean(paid[:seen])
        facts[f"response_{horizon_s}s_ticks"] = moved
        facts[f"realised_half_spread_{horizon_s}s_ticks"] = cost - moved
        facts[f"adverse_selection_{horizon_s}s"] = ratio(moved, cost)
    return facts
