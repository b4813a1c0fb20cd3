"""Fresh numbers of lessons 04 and 10: schedules, impact, a list of names."""

from __future__ import annotations

import math

import numpy as np

from lobsim.analytics.impact_results import relaxation_law
from lobsim.analytics.leak_detector import auc
from lobsim.course.drill.fresh import Fresh, wrong
from lobsim.strategies.almgren_chriss import AlmgrenChriss
from lobsim.strategies.obizhaeva_wang import ObizhaevaWang


def _root_draw(rng):
    return {"sigma_bps": int(rng.integers(12, 31)) * 10, "share_pct": int(rng.integers(2, 17)),
            "y": int(rng.integers(7, 11)) / 10}


def _root(sigma_bps, share_pct, y):
    # the mean over the fills of an even schedule is two thirds of the peak
    return 2 / 3 * y * sigma_bps * math.sqrt(share_pct / 100)


def _scale_draw(rng):
    return {"known_bps": int(rng.integers(8, 31)), "known_pct": 1,
            "asked_pct": int(rng.choice([2, 3, 5, 6, 8, 10]))}


def _chriss_draw(rng):
    return {"sigma": int(rng.integers(6, 15)) / 10, "eta": int(rng.integers(15, 41)) / 1e7,
            "risk_aversion": float(rng.choice([5e-7, 1e-6, 2e-6, 4e-6]))}


def _model(sigma, eta, quantity=1e6, horizon=5.0, periods=50, permanent=0.0, half_spread=0.0):
    return AlmgrenChriss(quantity=quantity, horizon=horizon, periods=periods, volatility=sigma,
                         temporary=eta, permanent=permanent, half_spread=half_spread)


def _theta(sigma, eta, risk_aversion):
    return 1 / _model(sigma, eta).continuous_kappa(risk_aversion)


def _twap_draw(rng):
    return {"quantity": int(rng.integers(2, 11)) * 100_000, "price": int(rng.integers(30, 71)),
            "sigma_pct": int(rng.integers(12, 31)) / 10, "hours": 6.5}


def _twap_risk(quantity, price, sigma_pct, hours):
    model = _model(price * sigma_pct / 100, 1e-9, quantity=quantity, horizon=1.0, periods=390)
    even = model.trajectory(0.0)
    return 1e4 * math.sqrt(model.variance(even)) / (quantity * price)


def _left_draw(rng):
    return {"kappa": int(rng.integers(4, 13)) / 10, "days": int(rng.integers(2, 6))}


def _left_halfway(kappa, days):
    return 100 * math.sinh(kappa * days / 2) / math.sinh(kappa * days)


def _impact_draw(rng):
    return {"quantity": int(rng.integers(2, 9)) * 100_000, "days": int(rng.integers(2, 6)),
            "eta_e7": int(rng.integers(10, 41)), "half_spread_c": int(rng.integers(2, 7)),
            "price": int(rng.integers(30, 71))}


def _even_cost(quantity, days, eta_e7, half_spread_c, price):
    model = _model(1.0, eta_e7 / 1e7, quantity=quantity, horizon=days, periods=days,
                   half_spread=half_spread_c / 100)
    return 1e4 * model.expected_cost(model.trajectory(0.0)) / (quantity * price)


def _ow_draw(rng):
    return {"quantity": int(rng.integers(2, 9)) * 10_000,
            "half_life_min": int(rng.integers(4, 16)), "hours": int(rng.integers(1, 4))}


def _ow(quantity, half_life_min, hours):
    rho = math.log(2) / (half_life_min / 60)
    return float(ObizhaevaWang(quantity, float(hours), rho).continuous()[0])


def _relax_draw(rng):
    return {"peak_bps": int(rng.integers(10, 41)),
            "u": float(rng.choice([1.5, 2.0, 3.0, 4.0, 5.0]))}


def _relax(peak_bps, u):
    return peak_bps * float(relaxation_law([u])[0])


def _cap_draw(rng):
    return {"cap_pct": int(rng.choice([5, 10, 15, 20, 25])),
            "others": int(rng.integers(3, 30)) * 10_000, "done": 0}


def _pair_draw(rng):
    return {"long_m": int(rng.integers(3, 13)), "short_m": int(rng.integers(3, 13)),
            "vol_pct": int(rng.integers(10, 26)) / 10, "rho_pct": int(rng.integers(4, 9)) * 10}


def _pair(long_m, short_m, vol_pct, rho_pct):
    covariance = (vol_pct / 100) ** 2 * np.array([[1, rho_pct / 100], [rho_pct / 100, 1]])
    held = 1e6 * np.array([long_m, -short_m])
    return float(np.sqrt(held @ covariance @ held)) / 1e3


def _auc_draw(rng):
    scores = rng.permutation(np.arange(1, 20))[:7] / 10
    return {"with_order": sorted(float(x) for x in scores[:4]),
            "without": sorted(float(x) for x in scores[4:])}


def _auc(with_order, without):
    return float(auc(with_order, without))


def _auc_up(rng):
    # an area of about a half could not be told from its mirror image
    while True:
        drawn = _auc_draw(rng)
        area = _auc(**drawn)
        hits = sum(x > max(drawn["without"]) for x in drawn["with_order"]) / 4
        if 0.55 <= area < 1 and abs(hits - area) > 0.05:
            return drawn


def _pace_draw(rng):
    return {"order_pct": int(rng.choice([5, 8, 10, 12, 15])),
            "cap_pct": int(rng.choice([20, 25, 30])), "hours": 6.5}


def _hours_needed(order_pct, cap_pct, hours):
    # at a steady volume of others: own = cap * (own + others)
    share = cap_pct / 100 / (1 - cap_pct / 100)
    return order_pct / 100 * hours / share


NUMBERS = [
    Fresh("root_law_cost", _root_draw, _root, "bps", (
        wrong("peak", lambda **n: 1.5 * _root(**n),
              "that is the move at the end; the fills on the way paid two thirds of it."),
        wrong("linear", lambda sigma_bps, share_pct, y: 2 / 3 * y * sigma_bps * share_pct / 100,
              "impact grows with the root of the share, not with the share."),
        wrong("per_cent_under_root", lambda sigma_bps, share_pct, y:
              2 / 3 * y * sigma_bps * math.sqrt(share_pct), "the share is a fraction, no per cent.")
    ), rtol=0.02),
    Fresh("root_law_scaled", _scale_draw,
          lambda known_bps, known_pct, asked_pct: known_bps * math.sqrt(asked_pct / known_pct),
          "bps", (
              wrong("linear", lambda known_bps, known_pct, asked_pct: known_bps * asked_pct,
                    "impact is concave in size."),
              wrong("dollars", lambda known_bps, known_pct, asked_pct: known_bps * asked_pct ** 1.5,
                    "that scales the dollar cost; basis points are asked for.")), rtol=0.02),
    Fresh("chriss_time_scale", _chriss_draw, _theta, "days", (
        wrong("half_life", lambda **n: math.log(2) * _theta(**n),
              "Almgren and Chriss' time is 1/kappa, an e-folding time, no half-life."),
        wrong("no_root", lambda sigma, eta, risk_aversion: eta / (risk_aversion * sigma ** 2),
              "kappa is the square root of lambda sigma^2 / eta."))),
    Fresh("twap_risk", _twap_draw, _twap_risk, "bps", (
        wrong("all_held", lambda sigma_pct, **_: sigma_pct * 100,
              "what is left shrinks over the day: divide the variance by three."),
        wrong("half", lambda sigma_pct, **_: sigma_pct * 50,
              "the mean holding is a half, but variance goes with the mean of its square."),
        wrong("third", lambda sigma_pct, **_: sigma_pct * 100 / 3,
              "it is the variance that is divided by three.")), rtol=0.015),
    Fresh("left_halfway", _left_draw, _left_halfway, "%", (
        wrong("twap", lambda **_: 50.0, "that is TWAP; a risk-averse seller has less left."),
        wrong("exponential", lambda kappa, days: 100 * math.exp(-kappa * days / 2),
              "an exponential never reaches zero at the end; use sinh.")), rtol=0.01, atol=0.05),
    Fresh("even_schedule_cost", _impact_draw, _even_cost, "bps", (
        wrong("no_spread", lambda **n: _even_cost(**n | {"half_spread_c": 0}),
              "each share also pays the half-spread."),
        wrong("all_at_once", lambda quantity, days, eta_e7, half_spread_c, price:
              1e4 * (half_spread_c / 100 + eta_e7 / 1e7 * quantity) / price,
              "that is the cost of one day; the rate is the quantity over the days."))),
    Fresh("block_at_the_ends", _ow_draw, _ow, "shares", (
        wrong("half_life_for_rate", lambda quantity, half_life_min, hours:
              quantity / (2 + hours * 60 / half_life_min),
              "the resilience is ln 2 over the half-life."),
        wrong("no_two", lambda quantity, half_life_min, hours:
              quantity / (1 + math.log(2) * hours * 60 / half_life_min),
              "there are two blocks, one at each end: X / (2 + rho T)."))),
    Fresh("impact_left_later", _relax_draw, _relax, "bps", (
        wrong("two_thirds", lambda peak_bps, u: 2 / 3 * peak_bps,
              "two thirds is what the fills paid, not what is left of the move."),
        wrong("one_over_root", lambda peak_bps, u: peak_bps / math.sqrt(u),
              "the order was worked over time: sum its decaying parts.")), rtol=0.02),
    Fresh("room_under_a_cap", _cap_draw,
          lambda cap_pct, others, done: cap_pct / 100 * others / (1 - cap_pct / 100), "shares", (
              wrong("own_not_counted", lambda cap_pct, others, done: cap_pct / 100 * others,
                    "your own trades are part of the volume."),
              wrong("wrong_way", lambda cap_pct, others, done:
                    cap_pct / 100 * others / (1 + cap_pct / 100),
                    "own trades raise the volume, so there is more room, not less."))),
    Fresh("risk_of_a_pair", _pair_draw, _pair, "k$", (
        wrong("added", lambda long_m, short_m, vol_pct, rho_pct: _pair(
            long_m, -short_m, vol_pct, rho_pct), "one is bought and one is sold: they hedge."),
        wrong("independent", lambda long_m, short_m, vol_pct, rho_pct: _pair(
            long_m, short_m, vol_pct, 0), "the two names move together.")), rtol=0.02),
    Fresh("auc_by_pairs", _auc_up, _auc, "", (
        wrong("mirror", lambda **n: 1 - _auc(**n), "the days with an order should score higher."),
        wrong("above_all", lambda with_order, without:
              sum(x > max(without) for x in with_order) / len(with_order),
              "count all pairs, not only days above the highest day without.")), rtol=0.01),
    Fresh("hours_at_a_cap", _pace_draw, _hours_needed, "h", (
        wrong("own_not_counted", lambda order_pct, cap_pct, hours: order_pct / cap_pct * hours,
              "own trades count in the volume of which the cap is a share."),
        wrong("of_the_day", lambda order_pct, cap_pct, hours: order_pct / 100 * hours,
              "the cap is missing."))),
]
