"""Whiteboard functions of lessons 00 to 05: queues, costs, flow, schedules, quotes."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

_CALCULATOR = Tolerance(rtol=1e-6, atol=1e-9, why="rounding only")


def _two(hand, fresh):
    """One case by hand, and some that are drawn."""
    return [Part("the case by hand", 1, [Case(hand)]), Part("fresh numbers", 1, fresh)]


def _fifo(sizes, taken):
    fills = []
    for size in sizes:
        fills.append(min(size, taken))
        taken -= fills[-1]
    return fills


def _fifo_shared(sizes, taken):
    share = min(1.0, taken / sum(sizes))
    return [int(size * share) for size in sizes]


def _fifo_cases(rng):
    cases = []
    for share in (0.3, 0.8, 1.3):
        sizes = (rng.integers(1, 10, 5) * 100).tolist()
        cases.append(Case({"sizes": sizes, "taken": int(sum(sizes) * share) // 10 * 10}))
    return cases


def _sweep(levels, size):
    left, paid = size, 0.0
    for price, there in levels:
        take = min(left, there)
        paid, left = paid + take * price, left - take
    return paid / (size - left) if size > left else None


def _sweep_last(levels, size):
    for price, there in levels:
        size -= there
        if size <= 0:
            return price
    return levels[-1][0]


def _sweep_all_asked(levels, size):
    got = _sweep(levels, size)
    filled = min(size, sum(there for _, there in levels))
    return None if got is None else got * filled / size


def _sweep_cases(rng):
    cases = []
    for share in (0.4, 0.9, 1.4):
        base = int(rng.integers(2000, 9000))
        levels = [[round((base + i) / 100, 2), int(n) * 100]
                  for i, n in enumerate(rng.integers(1, 9, 4))]
        cases.append(Case({"levels": levels, "size": int(share * sum(n for _, n in levels))}))
    return [*cases, Case({"levels": [], "size": 100})]


def _slices(quantity, slices):
    whole, more = divmod(quantity, slices)
    return [whole + (i < more) for i in range(slices)]


def _slices_lost(quantity, slices):
    return [quantity // slices] * slices


def _slices_last(quantity, slices):
    return [quantity // slices] * (slices - 1) + [quantity - quantity // slices * (slices - 1)]


def _slices_cases(rng):
    return [Case({"quantity": int(rng.integers(100, 10_000)) * 7 + 3,
                  "slices": int(rng.integers(4, 14))}) for _ in range(3)]


def _shortfall(side, quantity, prices, sizes, decision, end):
    from lobsim.analytics.shortfall import implementation_shortfall

    return implementation_shortfall(side, quantity, prices, sizes, decision_price=decision,
                                    end_price=end).total_bps


def _shortfall_filled(side, quantity, prices, sizes, decision, end):
    s = 1 if side == "buy" else -1
    paid = sum(p * q for p, q in zip(prices, sizes, strict=True))
    return 1e4 * s * (paid - sum(sizes) * decision) / (quantity * decision)


def _shortfall_buy(side, quantity, prices, sizes, decision, end):
    return _shortfall("buy", quantity, prices, sizes, decision, end)


def _shortfall_cases(rng):
    cases = []
    for side in ("buy", "sell"):
        price = float(rng.integers(30, 90))
        sizes = (rng.integers(5, 20, 3) * 100).tolist()
        cases.append(Case({
            "side": side, "quantity": sum(sizes) + 1000,
            "prices": (price + rng.integers(1, 30, 3) / 100).round(2).tolist(), "sizes": sizes,
            "decision": price, "end": round(price + float(rng.integers(-50, 50)) / 100, 2)}))
    return cases


def _ofi(bid, bid_size, ask, ask_size):
    import pandas as pd

    from lobsim.analytics.imbalance import order_flow_imbalance

    table = pd.DataFrame({"bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size})
    return [float(x) for x in order_flow_imbalance(table)[1:]]


def _ofi_strict(bid, bid_size, ask, ask_size):
    flows = []
    for i in range(1, len(bid)):
        flows.append(float((bid[i] > bid[i - 1]) * bid_size[i]
                           - (bid[i] < bid[i - 1]) * bid_size[i - 1]
                           - (ask[i] < ask[i - 1]) * ask_size[i]
                           + (ask[i] > ask[i - 1]) * ask_size[i - 1]))
    return flows


def _ofi_sizes(bid, bid_size, ask, ask_size):
    return [float(b[1] - b[0] - (a[1] - a[0]))
            for b, a in zip(pairwise(bid_size), pairwise(ask_size), strict=True)]


def _ofi_cases(rng):
    steps = rng.integers(-1, 2, 8)
    bid = 3000 + np.cumsum(steps)
    ask = bid + rng.integers(1, 3, 8)
    return [Case({"bid": bid.tolist(), "bid_size": (rng.integers(1, 20, 8) * 100).tolist(),
                  "ask": ask.tolist(), "ask_size": (rng.integers(1, 20, 8) * 100).tolist()})]


def _known(times, queries):
    return (np.searchsorted(times, queries, side="left") - 1).tolist()


def _known_now(times, queries):
    return (np.searchsorted(times, queries, side="right") - 1).tolist()


def _known_next(times, queries):
    return np.searchsorted(times, queries, side="left").tolist()


def _known_cases(rng):
    times = np.sort(rng.choice(100, 12, replace=False))
    queries = np.r_[times[[0, 4, 9]], rng.integers(0, 120, 4)]
    return [Case({"times": times.tolist(), "queries": queries.tolist()})]


def _intensity(times, t, mu, alpha, beta):
    return mu + sum(alpha * math.exp(-beta * (t - s)) for s in times if s < t)


def _intensity_future(times, t, mu, alpha, beta):
    return mu + sum(alpha * math.exp(-beta * abs(t - s)) for s in times)


def _intensity_now(times, t, mu, alpha, beta):
    return mu + sum(alpha * math.exp(-beta * (t - s)) for s in times if s <= t)


def _intensity_cases(rng):
    times = np.sort(rng.uniform(0, 10, 8)).round(2)
    common = {"mu": 0.5, "alpha": 0.8, "beta": 1.3}
    return [Case({"times": times.tolist(), "t": t, **common})
            for t in (float(times[5]), 0.0, 12.0, round(float(rng.uniform(3, 9)), 2))]


def _holdings(quantity, horizon, periods, kappa):
    times = np.linspace(0, horizon, periods + 1)
    if kappa == 0:
        return (quantity * (1 - times / horizon)).tolist()
    return (quantity * np.sinh(kappa * (horizon - times)) / np.sinh(kappa * horizon)).tolist()


def _holdings_exponential(quantity, horizon, periods, kappa):
    return (quantity * np.exp(-kappa * np.linspace(0, horizon, periods + 1))).tolist()


def _holdings_trades(quantity, horizon, periods, kappa):
    return (-np.diff(_holdings(quantity, horizon, periods, kappa))).tolist()


def _holdings_cases(rng):
    return [Case({"quantity": int(rng.integers(1, 9)) * 1000, "horizon": int(rng.integers(2, 7)),
                  "periods": int(rng.integers(4, 9)), "kappa": kappa})
            for kappa in (round(float(rng.uniform(0.3, 1.5)), 2), 0.0)]


def _quotes(mid, held, gamma, sigma, left, k, tick):
    from lobsim.strategies.avellaneda_stoikov import AvellanedaStoikov

    model = AvellanedaStoikov(risk_aversion=gamma, volatility=sigma, decay=k)
    middle = float(model.reservation_price(mid, held, left))
    half = float(model.spread(left)) / 2
    return [math.floor((middle - half) / tick + 1e-9) * tick,
            math.ceil((middle + half) / tick - 1e-9) * tick]


def _quotes_sign(mid, held, **rest):
    return _quotes(mid, -held, **rest)


def _quotes_nearest(mid, held, gamma, sigma, left, k, tick):
    middle = mid - held * gamma * sigma ** 2 * left
    half = (gamma * sigma ** 2 * left + 2 / gamma * math.log(1 + gamma / k)) / 2
    return [round((middle - half) / tick) * tick, round((middle + half) / tick) * tick]


def _quotes_cases(rng):
    return [Case({"mid": 100.0, "held": int(held), "gamma": 0.1,
                  "sigma": int(rng.integers(1, 4)), "left": round(float(rng.uniform(0.1, 0.9)), 2),
                  "k": 1.5, "tick": 0.25}) for held in rng.permutation([-4, -1, 2, 5])]


CHECKS = [
    Check("fifo_fills", "Fills by time priority", _fifo,
          _two({"sizes": [300, 100, 500], "taken": 350}, _fifo_cases), mistakes=[
              Mistake("shared", _fifo_shared,
                      "the shares are dealt out pro rata; the oldest order is filled first.")]),
    Check("sweep_price", "What a market order pays", _sweep,
          _two({"levels": [[10.00, 200], [10.01, 300]], "size": 400}, _sweep_cases),
          tolerance=_CALCULATOR, mistakes=[
              Mistake("last_price", _sweep_last, "every share is charged the last price."),
              Mistake("divided_by_asked", _sweep_all_asked,
                      "divide by what was filled, which may be less than what was asked.")]),
    Check("even_slices", "An order in whole shares", _slices,
          _two({"quantity": 10, "slices": 4}, _slices_cases), mistakes=[
              Mistake("remainder_lost", _slices_lost, "the slices do not add up to the order."),
              Mistake("remainder_last", _slices_last,
                      "the last slice takes the whole remainder; no two may differ by over one.")]),
    Check("shortfall_in_bps", "Implementation shortfall", _shortfall,
          _two({"side": "sell", "quantity": 1000, "prices": [99.9, 99.8], "sizes": [400, 400],
                "decision": 100.0, "end": 99.5}, _shortfall_cases),
          tolerance=_CALCULATOR, mistakes=[
              Mistake("sign_of_a_buy", _shortfall_buy, "a sale has the sign of a purchase."),
              Mistake("filled_only", _shortfall_filled,
                      "shares that were not filled cost something, too.")]),
    Check("order_flow", "Order-flow imbalance", _ofi,
          _two({"bid": [10, 10, 9], "bid_size": [300, 500, 400], "ask": [12, 12, 12],
                "ask_size": [100, 100, 100]}, _ofi_cases), tolerance=_CALCULATOR, mistakes=[
              Mistake("strict", _ofi_strict,
                      "where the price stays, the change of the size is lost: weak inequalities."),
              Mistake("sizes_only", _ofi_sizes, "changes of price are not looked at.")]),
    Check("last_known", "The last row that was known", _known,
          _two({"times": [10, 20, 30], "queries": [5, 20, 25, 99]}, _known_cases), mistakes=[
              Mistake("same_moment", _known_now,
                      "a row of the same moment is used; strictly before was asked."),
              Mistake("next_row", _known_next, "that is the next row: it lies in the future.")]),
    Check("hawkes_intensity", "The intensity of a Hawkes process", _intensity,
          _two({"times": [1.0, 2.0], "t": 2.0, "mu": 0.5, "alpha": 0.8, "beta": 1.0},
               _intensity_cases), tolerance=_CALCULATOR, mistakes=[
              Mistake("future", _intensity_future, "events after t are counted."),
              Mistake("own_event", _intensity_now,
                      "an event at t itself is counted; the intensity is that just before.")]),
    Check("chriss_holdings", "Almgren and Chriss' holdings", _holdings,
          _two({"quantity": 1000, "horizon": 2, "periods": 2, "kappa": 1.0}, _holdings_cases),
          tolerance=_CALCULATOR, mistakes=[
              Mistake("trades", _holdings_trades, "these are trades; holdings were asked."),
              Mistake("exponential", _holdings_exponential,
                      "an exponential leaves something at the end; sinh does not."),
              Mistake("zero_division", None, "kappa = 0 is TWAP, and 0/0 in the formula.",
                      error="ZeroDivisionError")]),
    Check("stoikov_quotes", "Quotes on the tick", _quotes,
          _two({"mid": 100.0, "held": 2, "gamma": 0.1, "sigma": 2, "left": 0.5, "k": 1.5,
                "tick": 0.25}, _quotes_cases), tolerance=_CALCULATOR, mistakes=[
              Mistake("sign_of_inventory", _quotes_sign,
                      "long means lower quotes: you would rather sell."),
              Mistake("nearest_tick", _quotes_nearest,
                      "round away from the mid: bid down, ask up.")]),
]
