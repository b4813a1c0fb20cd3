"""Fresh numbers of lessons 03 and 12: clocks, excitement, and learned models of the flow."""

from __future__ import annotations

import math

from lobsim.analytics.cst import probability_mid_up
from lobsim.course.drill.fresh import Fresh, wrong


def _hawkes_draw(rng):
    return {"mu": int(rng.integers(4, 21)) / 10, "branching": int(rng.integers(5, 9)) / 10}


def _fano_draw(rng):
    mean = int(rng.integers(80, 300))
    return {"mean": mean, "variance": int(mean * rng.uniform(4, 30))}


def _branching(mean, variance):
    # Var/mean of the counts of a long interval tends to 1 / (1 - n)^2
    return 1 - math.sqrt(mean / variance)


def _clock_draw(rng):
    return {"limit": int(rng.integers(12, 25)) / 10, "market": int(rng.integers(5, 13)) / 10,
            "cancel": int(rng.integers(3, 9)) / 10, "orders": int(rng.integers(2, 6))}


def _next_up(limit, market, cancel, orders):
    return limit / (limit + market + orders * cancel)


def _race_draw(rng):
    return {"market": int(rng.integers(5, 13)) / 10, "cancel": int(rng.integers(3, 9)) / 10,
            "limit": 0.0, "bid": 2, "ask": 1}


def _race(market, cancel, limit, bid, ask):
    # nothing joins, so both queues only shrink and the race can be done by hand
    return float(probability_mid_up(bid, ask, [max(limit, 1e-9)], [cancel], market, method="chain"))


def _kernel_draw(rng):
    jump = int(rng.integers(4, 13)) / 10
    return {"jump": jump, "decay": int(rng.integers(12, 20)) / 10 * jump * 1.25,
            "wait_ms": int(rng.integers(2, 9)) * 100}


def _kernel_left(jump, decay, wait_ms):
    return jump * math.exp(-decay * wait_ms / 1e3)


def _loss_draw(rng):
    return {"nats": int(rng.integers(120, 260)) / 100, "tokens": int(rng.integers(3, 7))}


def _confusion_draw(rng):
    return {"down": int(rng.integers(12, 30)), "down_called": int(rng.integers(31, 60)),
            "down_true": int(rng.integers(61, 100))}


def _f1(down, down_called, down_true):
    return 2 * down / (down_called + down_true)


def _calls_draw(rng):
    return {"precision_pct": int(rng.integers(52, 65)), "move_bps": int(rng.integers(10, 21)) / 10,
            "cost_bps": int(rng.integers(6, 10)) / 10}


def _per_trade(precision_pct, move_bps, cost_bps):
    return (2 * precision_pct / 100 - 1) * move_bps - cost_bps


NUMBERS = [
    Fresh("hawkes_rate", _hawkes_draw, lambda mu, branching: mu / (1 - branching), "", (
        wrong("one_generation", lambda mu, branching: mu * (1 + branching),
              "children have children, too: sum all generations."),
        wrong("baseline", lambda mu, branching: mu, "that is the rate of the immigrants alone."))),
    Fresh("branching_from_counts", _fano_draw, _branching, "", (
        wrong("no_root", lambda mean, variance: 1 - mean / variance,
              "the ratio of variance and mean is 1/(1-n) squared."),
        wrong("upside_down", lambda mean, variance: math.sqrt(mean / variance),
              "that is 1 - n.")), rtol=0.02),
    Fresh("next_is_up", _clock_draw, _next_up, "", (
        wrong("cancel_once", lambda limit, market, cancel, orders:
              limit / (limit + market + cancel),
              "every resting order has a cancellation clock of its own."),
        wrong("no_market_orders", lambda limit, market, cancel, orders:
              limit / (limit + orders * cancel), "market orders shorten the queue, too."))),
    Fresh("two_against_one", _race_draw, _race, "", (
        wrong("sizes", lambda bid, ask, **_: bid / (bid + ask),
              "the share of the size is no chance; race the two queues to zero."),
        wrong("one_step", lambda market, cancel, **_:
              (market + cancel) / (2 * market + 3 * cancel),
              "the bid may lose one order first and the race goes on from one against one.")),
          rtol=0.01),
    Fresh("kernel_after_wait", _kernel_draw, _kernel_left, "", (
        wrong("no_decay", lambda jump, **_: jump, "the jump has decayed meanwhile."),
        wrong("milliseconds", lambda jump, decay, wait_ms: jump * math.exp(-decay * wait_ms / 1e4),
              "the wait is a tenth of what you were told?")), rtol=0.02),
    Fresh("perplexity_of_message", _loss_draw,
          lambda nats, tokens: math.exp(nats * tokens), "", (
              wrong("per_token", lambda nats, tokens: math.exp(nats),
                    "that is the perplexity of one token; a message has several."),
              wrong("base_two", lambda nats, tokens: 2 ** (nats * tokens),
                    "the loss is in nats, so the base is e.")), rtol=0.03),
    Fresh("f1_of_a_class", _confusion_draw, _f1, "", (
        wrong("precision", lambda down, down_called, down_true: down / down_called,
              "that is the precision alone."),
        wrong("recall", lambda down, down_called, down_true: down / down_true,
              "that is the recall alone.")), rtol=0.01, atol=0.002),
    Fresh("forecast_per_trade", _calls_draw, _per_trade, "bps", (
        wrong("no_cost", lambda precision_pct, move_bps, cost_bps:
              (2 * precision_pct / 100 - 1) * move_bps, "the cost of crossing is missing."),
        wrong("losses_free", lambda precision_pct, move_bps, cost_bps:
              precision_pct / 100 * move_bps - cost_bps, "wrong calls lose the move.")),
          rtol=0.02, atol=0.005),
]
