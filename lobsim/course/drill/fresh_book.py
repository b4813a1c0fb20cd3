"""Fresh numbers of lessons 00 to 02: the book, the shortfall, imbalance and order flow."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from lobsim.analytics.compare import pairs_needed
from lobsim.analytics.imbalance import order_book_imbalance, order_flow_imbalance
from lobsim.analytics.micro_price import weighted_mid
from lobsim.analytics.shortfall import implementation_shortfall, slippage_bps, vwap
from lobsim.analytics.spreads import effective_spread, realised_spread
from lobsim.course.drill.fresh import Fresh, wrong


def _tick(rng, low, high):
    """A price in whole cents between two numbers of dollars."""
    return int(rng.integers(int(low * 100), int(high * 100))) / 100


def _hundreds(rng, low, high):
    return int(rng.integers(low, high + 1)) * 100


# ------------------------------------------------------------------------------------ lesson 00


def _walk_draw(rng):
    first, second = _hundreds(rng, 2, 5), _hundreds(rng, 3, 6)
    return {"bid": _tick(rng, 40, 90), "spread_c": int(rng.integers(1, 4)), "first": first,
            "second": second, "size": first + second + _hundreds(rng, 1, 3)}


def _walk_fills(bid, spread_c, first, second, size):
    ask = bid + spread_c / 100
    return [ask, ask + 0.01, ask + 0.02], [first, second, size - first - second]


def _walk(bid, spread_c, first, second, size):
    prices, sizes = _walk_fills(bid, spread_c, first, second, size)
    return implementation_shortfall("buy", size, prices, sizes,
                                    decision_price=bid + spread_c / 200).total_bps


def _walk_from_ask(bid, spread_c, first, second, size):
    return slippage_bps("buy", vwap(*_walk_fills(bid, spread_c, first, second, size)),
                        bid + spread_c / 100)


def _walk_unweighted(bid, spread_c, **_):
    return 1e4 * (0.01 + spread_c / 200) / (bid + spread_c / 200)


def _walk_last(bid, spread_c, **_):
    return 1e4 * (0.02 + spread_c / 200) / (bid + spread_c / 200)


def _queue_draw(rng):
    ahead = _hundreds(rng, 40, 80)
    return {"ahead": ahead, "behind": _hundreds(rng, 10, 60), "trades_min": _hundreds(rng, 5, 12),
            "cancel_pct": int(rng.integers(4, 11))}


def _queue_minutes(ahead, behind, trades_min, cancel_pct):
    # dq/dt = -trades - rate q: the part ahead shrinks by trades and by its own cancellations
    rate = cancel_pct / 100
    return math.log(1 + rate * ahead / trades_min) / rate


def _net_draw(rng):
    return {"spread_c": int(rng.integers(1, 4)), "take_mils": int(rng.integers(20, 31)),
            "rebate_mils": int(rng.integers(15, 26)), "fill_pct": int(rng.integers(4, 8)) * 10,
            "miss_c": int(rng.integers(2, 5))}


def _net_gain(spread_c, take_mils, rebate_mils, fill_pct, miss_c):
    """Cents a share by which posting first beats crossing at once."""
    take, rebate, p = take_mils / 100, rebate_mils / 100, fill_pct / 100
    cross = spread_c / 2 + take
    post = p * (-spread_c / 2 - rebate) + (1 - p) * (cross + miss_c)
    return cross - post


def _net_no_fees(spread_c, take_mils, rebate_mils, fill_pct, miss_c):
    return _net_gain(spread_c, 0, 0, fill_pct, miss_c)


def _net_no_miss(spread_c, take_mils, rebate_mils, fill_pct, miss_c):
    return _net_gain(spread_c, take_mils, rebate_mils, fill_pct, 0)


def _stale_draw(rng):
    return {"changes_s": int(rng.integers(20, 120)), "latency_ms": int(rng.integers(2, 12))}


# ------------------------------------------------------------------------------------ lesson 01


def _is_draw(rng):
    price = _tick(rng, 60, 140)
    quantity = int(rng.integers(8, 21)) * 1000
    return {"quantity": quantity, "decision": price,
            "arrival": round(price - int(rng.integers(4, 12)) / 100, 2),
            "filled": int(quantity * int(rng.integers(6, 9)) / 10),
            "average": round(price - int(rng.integers(16, 30)) / 100, 2),
            "end": round(price - int(rng.integers(40, 70)) / 100, 2),
            "fee_mils": int(rng.integers(10, 31))}


def _is(quantity, decision, arrival, filled, average, end, fee_mils, side="sell"):
    return implementation_shortfall(side, quantity, [average], [filled], decision_price=decision,
                                    arrival_price=arrival, end_price=end,
                                    fees=filled * fee_mils / 1e4)


def _is_only_filled(**n):
    found = _is(**n)
    return 1e4 * (found.total - found.opportunity) / (n["quantity"] * n["decision"])


def _spread_draw(rng):
    mid = _tick(rng, 30, 80)
    paid = int(rng.integers(10, 26))
    return {"mid": mid, "paid_tenths": paid, "after_tenths": int(rng.integers(2, paid - 5))}


def _vwap_draw(rng):
    base = _tick(rng, 40, 90)
    return {"p1": round(base + int(rng.integers(4, 9)) / 100, 2), "p2": base,
            "p3": round(base - int(rng.integers(4, 9)) / 100, 2), "v1": _hundreds(rng, 10, 20),
            "v2": _hundreds(rng, 30, 60), "v3": _hundreds(rng, 80, 120),
            "own": round(base - int(rng.integers(10, 19)) / 100, 2)}


def _vwap_slip(p1, p2, p3, v1, v2, v3, own):
    return slippage_bps("sell", own, vwap([p1, p2, p3], [v1, v2, v3]))


def _pairs_draw(rng):
    return {"std": int(rng.integers(12, 46)), "gain": int(rng.integers(10, 31)) / 10}


# ------------------------------------------------------------------------------------ lesson 02


def _ofi_draw(rng):
    bid = _tick(rng, 20, 60)
    q0, a0 = _hundreds(rng, 6, 14), _hundreds(rng, 15, 25)
    return {"bid": bid, "ask": round(bid + 0.01, 2), "bid_0": q0, "ask_0": a0,
            "bid_1": q0 + _hundreds(rng, 2, 5), "ask_1": a0 - _hundreds(rng, 6, 9),
            "ask_2": _hundreds(rng, 26, 40)}


def _ofi_table(bid, ask, bid_0, ask_0, bid_1, ask_1, ask_2):
    return pd.DataFrame({"bid": bid, "bid_size": [bid_0, bid_1, bid_1],
                         "ask": [ask, ask, ask + 0.01], "ask_size": [ask_0, ask_1, ask_2]})


def _ofi(**n):
    return float(order_flow_imbalance(_ofi_table(**n)).sum())


def _ofi_sizes_only(bid_0, ask_0, bid_1, ask_1, ask_2, **_):
    return (bid_1 - bid_0) - (ask_2 - ask_0)


def _ofi_new_ask(bid_0, ask_0, bid_1, ask_1, ask_2, **_):
    return (bid_1 - bid_0) - (ask_1 - ask_0) + ask_2


def _weighted_draw(rng):
    bid = _tick(rng, 20, 60)
    small = _hundreds(rng, 2, 6)
    return {"bid": bid, "ask": round(bid + int(rng.integers(1, 4)) / 100, 2), "bid_size": small,
            "ask_size": small * int(rng.integers(2, 5))}


def _weighted_above(bid, ask, bid_size, ask_size):
    """Cents from the mid to the weighted mid."""
    return 100 * (weighted_mid([bid], [bid_size], [ask], [ask_size]).item() - (bid + ask) / 2)


def _hit_draw(rng):
    return {"move_tenths": int(rng.integers(8, 13)), "half_tenths": 5,
            "fee_tenths": int(rng.integers(1, 3))}


def _hit_rate(move_tenths, half_tenths, fee_tenths):
    # win a move or lose one, and pay the half-spread and the fee each time
    return 50 * (1 + (half_tenths + fee_tenths) / move_tenths)


def _depth_draw(rng):
    return {"depth": _hundreds(rng, 8, 30), "flow": _hundreds(rng, 30, 90)}


def _obi_draw(rng):
    return {"bid_1": _hundreds(rng, 12, 20), "ask_1": _hundreds(rng, 2, 8),
            "bid_2": _hundreds(rng, 5, 15), "ask_2": _hundreds(rng, 20, 40)}


def _obi(bid_1, ask_1, bid_2, ask_2):
    return float(order_book_imbalance(np.array([bid_1 + bid_2]), np.array([ask_1 + ask_2]))[0])


NUMBERS = [
    Fresh("walk_cost", _walk_draw, _walk, "bps", (
        wrong("from_the_ask", _walk_from_ask,
              "the cost is counted from the ask; the half-spread was paid, too."),
        wrong("unweighted", _walk_unweighted,
              "the three prices are averaged without their sizes."),
        wrong("last_price", _walk_last, "all shares are charged the last price.")), atol=0.01),
    Fresh("queue_minutes", _queue_draw, _queue_minutes, "min", (
        wrong("trades_alone", lambda ahead, trades_min, **_: ahead / trades_min,
              "cancellations ahead of you shorten the wait, too."),
        wrong("all_cancels", lambda ahead, behind, trades_min, cancel_pct:
              ahead / (trades_min + cancel_pct / 100 * (ahead + behind)),
              "cancellations behind you do not move you up."),
        wrong("constant_cancels", lambda ahead, trades_min, cancel_pct, **_:
              ahead / (trades_min + cancel_pct / 100 * ahead),
              "the cancellations ahead get fewer as the queue ahead gets shorter.")), rtol=0.02),
    Fresh("post_or_cross", _net_draw, _net_gain, "cents", (
        wrong("without_fees", _net_no_fees, "the taker's fee and the maker's rebate are missing."),
        wrong("misses_are_free", _net_no_miss,
              "an order that is not filled crosses later, at a worse price.")), atol=0.005),
    Fresh("stale_quote", _stale_draw,
          lambda changes_s, latency_ms: 100 * (1 - math.exp(-changes_s * latency_ms / 1e3)), "%", (
              wrong("rate_times_time", lambda changes_s, latency_ms: changes_s * latency_ms / 10,
                    "rate times time is a mean number, not a chance, and may pass 100 %."),
              wrong("still_there", lambda changes_s, latency_ms:
                    100 * math.exp(-changes_s * latency_ms / 1e3),
                    "that is the chance that the quote is still there."))),
    Fresh("shortfall_sell", _is_draw, lambda **n: _is(**n).total_bps, "bps", (
        wrong("sign_of_a_buy", lambda **n: _is(**n, side="buy").total_bps,
              "this is a sale: a lower price is a cost."),
        wrong("opportunity_left_out", _is_only_filled,
              "the shares that were not sold have a cost, too: from decision to end.")), atol=0.05),
    Fresh("realised_half", _spread_draw,
          lambda mid, paid_tenths, after_tenths: float(realised_spread(
              [mid + paid_tenths / 1e3], [mid], [mid + after_tenths / 1e3], [1],
              unit="bps", half=True)[0]), "bps", (
              wrong("effective", lambda mid, paid_tenths, **_: float(effective_spread(
                  [mid + paid_tenths / 1e3], [mid], [1], unit="bps", half=True)[0]),
                  "that is the effective half-spread: what the buyer paid, not what was kept."),
              wrong("full", lambda mid, paid_tenths, after_tenths:
                    2e4 * (paid_tenths - after_tenths) / 1e3 / mid,
                    "that is the full spread; half of it is asked for."))),
    Fresh("vwap_slippage", _vwap_draw, _vwap_slip, "bps", (
        wrong("sign_of_a_buy", lambda **n: -_vwap_slip(**n),
              "a sale below the VWAP is a cost, and costs are positive."),
        wrong("plain_mean", lambda p1, p2, p3, own, **_:
              slippage_bps("sell", own, (p1 + p2 + p3) / 3),
              "the mean of prices is not weighted by volume.")), rtol=0.02),
    Fresh("pairs_for_a_gain", _pairs_draw, lambda std, gain: float(pairs_needed(std, gain)),
          "days", (
              wrong("no_power", lambda std, gain: math.ceil((1.96 * std / gain) ** 2),
                    "that many days show it only half of the time: power is missing."),
              wrong("two_samples", lambda std, gain: 2 * float(pairs_needed(std, gain)),
                    "twice as many are needed for two separate samples, not for pairs.")),
          rtol=0.03, atol=1),
    Fresh("ofi_of_two_changes", _ofi_draw, _ofi, "shares", (
        wrong("sizes_only", _ofi_sizes_only,
              "an ask that rises takes away all that stood at the old price."),
        wrong("new_size_added", _ofi_new_ask,
              "when the ask rises the size at the old ask counts, not that at the new one.")),
          rtol=0.0, atol=0.5),
    Fresh("weighted_mid_shift", _weighted_draw, _weighted_above, "cents", (
        wrong("own_side_weights", lambda **n: -_weighted_above(**n),
              "each price is weighted with the size of the other side."),
        wrong("whole_spread", lambda **n: 2 * _weighted_above(**n),
              "the imbalance moves it by half the spread at most.")), atol=0.005),
    Fresh("break_even_hits", _hit_draw, _hit_rate, "%", (
        wrong("no_fee", lambda move_tenths, half_tenths, fee_tenths:
              50 * (1 + half_tenths / move_tenths), "the fee is missing."),
        wrong("cost_on_wins_only", lambda move_tenths, half_tenths, fee_tenths:
              100 * move_tenths / (2 * move_tenths - half_tenths - fee_tenths),
              "the cost is paid on losses, too."))),
    Fresh("move_from_flow", _depth_draw, lambda depth, flow: flow / (2 * depth), "ticks", (
        wrong("one_side", lambda depth, flow: flow / depth,
              "the mid moves by half a tick when one side moves by a tick: 1/(2D)."),
        wrong("four", lambda depth, flow: flow / (4 * depth), "divided by two once too often."))),
    Fresh("two_level_imbalance", _obi_draw, _obi, "", (
        wrong("best_only", lambda bid_1, ask_1, **_: (bid_1 - ask_1) / (bid_1 + ask_1),
              "two levels are asked for."),
        wrong("mean_of_levels", lambda bid_1, ask_1, bid_2, ask_2:
              ((bid_1 - ask_1) / (bid_1 + ask_1) + (bid_2 - ask_2) / (bid_2 + ask_2)) / 2,
              "the sizes are added first, then compared.")), rtol=0.01, atol=0.005),
]
