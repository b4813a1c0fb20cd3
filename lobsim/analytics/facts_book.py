"""Stylised facts of the best quotes: spread, depth, activity, and what imbalance says of moves."""

import numpy as np

from lobsim.analytics._checks import NS_PER_S
from lobsim.analytics.facts_numbers import (adjusted_r_squared, autocorrelation, mean,
                                            r_squared, ratio, weighted_median)
from lobsim.analytics.facts_tape import Quotes, Trades, grid_ns, pick
from lobsim.analytics.imbalance import _book_imbalance, _flow_imbalance

BPS = 1e4
HALF_HOUR_S = 1800
BUCKETS = ("0_25", "25_50", "50_75", "75_100")
"""Quarters of the absolute imbalance in per cent; each holds its lower edge, the last both."""
_ROUNDING = 1e-9
"""Sizes in fractions of a coin reach the edge of a bucket only up to rounding."""


def quote_facts(quotes: Quotes, span_s: float) -> dict[str, float]:
    """Spread (ticks, bps), depth, and rates of change; time-weighted where a state lasts."""
    held = quotes.held_s
    spread = quotes.ask - quotes.bid
    total = held.sum()
    moves = np.count_nonzero(np.diff(quotes.mid))
    changes = max(len(quotes.mid) - 1, 0)
    spread_bps = BPS * spread / quotes.mid
    return {
        "spread_median_ticks": weighted_median(spread, held),
        "spread_mean_ticks": ratio(spread @ held, total),
        "spread_median_bps": weighted_median(spread_bps, held),
        "spread_mean_bps": ratio(spread_bps @ held, total),
        "one_tick_share": ratio(held[spread == 1].sum(), total),
        "depth_median": weighted_median(0.5 * (quotes.bid_size + quotes.ask_size), held),
        "quote_updates_per_s": changes / span_s if len(held) else np.nan,
        "mid_changes_per_min": 60 * moves / span_s if len(held) else np.nan,
    }


def flow_facts(quotes: Quotes, trades: Trades, start_ns: int,
               second_ns: int = NS_PER_S) -> dict[str, float]:
    """Explaining and foretelling the mid change of 1 s and 10 s: R2 of OFI, trades, OBI.

    `second_ns` is the length of a second of the market's own clock. Where it is stretched, a
    window holds few intervals and chance alone explains a part of them, so that R2 is adjusted.
    """
    fit = r_squared if second_ns == NS_PER_S else adjusted_r_squared
    flow = np.cumsum(_flow_imbalance(quotes.bid, quotes.bid_size, quotes.ask, quotes.ask_size))
    imbalance = _book_imbalance(quotes.bid_size, quotes.ask_size)
    signed = np.concatenate([[0.0], np.cumsum(trades.sign * trades.size)])
    facts = {}
    for step_s in (1, 10):
        at = grid_ns(start_ns, quotes.end_ns, step_s * second_ns)
        row = quotes.row_at(at)
        move = np.diff(pick(quotes.mid, row))
        ofi = np.diff(pick(flow, row))
        obi = pick(imbalance, row)
        traded = np.diff(signed[np.searchsorted(trades.time_ns, at, side="right")])
        facts[f"ofi_r2_{step_s}s"] = fit(ofi, move)
        facts[f"trade_flow_r2_{step_s}s"] = fit(traded, move)
        facts[f"obi_predictive_r2_{step_s}s"] = fit(obi[:-1], move)
        facts[f"ofi_predictive_r2_{step_s}s"] = fit(ofi[:-1], move[1:])
        if step_s == 1:
            facts["still_share_1s"] = mean(np.where(np.isnan(move), np.nan, move == 0))
            facts["obi_acf_1s"] = autocorrelation(obi, 1)
            facts["obi_acf_10s"] = autocorrelation(obi, 10)
            facts["obi_hit_next_1s"] = _hit_rate(obi[:-1], move)
        else:
            per_window = HALF_HOUR_S // step_s
            starts = range(0, len(move) - per_window + 1, per_window)
            facts["ofi_r2_10s_half_hours"] = mean(np.array(
                [fit(ofi[k:k + per_window], move[k:k + per_window]) for k in starts]))
    return facts


def hit_facts(quotes: Quotes, start_ns: int, second_ns: int = NS_PER_S) -> dict[str, float]:
    """How often the sign of the imbalance is the sign of the next mid move, whenever it comes.

    `second_ns` is as in `flow_facts`.
    """
    imbalance = _book_imbalance(quotes.bid_size, quotes.ask_size)
    step = np.diff(quotes.mid)
    moves = np.flatnonzero(step)
    direction = np.zeros(len(imbalance))  # 0 where no move follows
    if len(moves):
        # States after one move, up to the state before the next, all await the same move.
        await_next = np.diff(moves, prepend=-1)
        direction[:moves[-1] + 1] = np.repeat(np.sign(step[moves]), await_next)
    told = (imbalance != 0) & (direction != 0)
    hit = np.sign(imbalance[told]) == direction[told]
    bucket = (len(BUCKETS) * np.abs(imbalance[told]) + _ROUNDING).astype(np.int64)
    bucket = np.minimum(bucket, len(BUCKETS) - 1)
    count = np.bincount(bucket, minlength=len(BUCKETS))
    hits = np.bincount(bucket, weights=hit, minlength=len(BUCKETS))
    facts = {"obi_hit": ratio(float(hits.sum()), float(count.sum()))}
    for name, good, seen in zip(BUCKETS, hits, count, strict=True):
        facts[f"obi_hit_{name}"] = ratio(float(good), float(seen))
    row = quotes.row_at(grid_ns(start_ns + second_ns, quotes.end_ns - 1, second_ns))
    facts["obi_hit_per_second"] = _hit_rate(pick(imbalance, row), pick(direction, row))
    return facts


def _hit_rate(imbalance: np.ndarray, move: np.ndarray) -> float:
    """Share of equal signs among the places where neither is 0 or NaN."""
    product = np.sign(imbalance) * np.sign(move)
    told = np.isfinite(product) & (product != 0)
    return mean((product[told] > 0).astype(float))
