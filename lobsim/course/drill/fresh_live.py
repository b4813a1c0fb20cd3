"""Fresh numbers of lessons 11 and 13: drift, peeking, what a result is worth."""

from __future__ import annotations

import math

import numpy as np

from lobsim.analytics.compare import pairs_needed
from lobsim.course.drill.fresh import Fresh, wrong
from lobsim.sim_to_real.drift_statistics import ks_statistic, psi
from lobsim.sim_to_real.group_sequential import crossing_probability
from lobsim.sim_to_real.sequential import confidence_sequence


def _psi_draw(rng):
    first = int(rng.integers(40, 61))
    return {"before_pct": first, "now_pct": first - int(rng.integers(15, 31))}


def _psi(before_pct, now_pct):
    """PSI over two bins, on two samples of a hundred rows."""
    def rows(share):
        return np.r_[np.zeros(share), np.ones(100 - share)]

    return psi(rows(before_pct), rows(now_pct), edges=[0.5])


def _kl(before_pct, now_pct):
    p, q = before_pct / 100, now_pct / 100
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


def _ks_draw(rng):
    sim = sorted((rng.permutation(np.arange(1, 12))[:4]).tolist())
    live = sorted((rng.permutation(np.arange(12, 40))[:5] / 2 + 0.25).tolist())
    return {"sim": sim, "live": live}


def _ks(sim, live):
    return float(ks_statistic(np.array(sim, float), np.array(live, float)))


def _ks_distinct(rng):
    while True:
        drawn = _ks_draw(rng)
        if 0.3 < _ks(**drawn) < 0.95 and abs(_ks(**drawn) - _ks_means(**drawn)) > 0.05:
            return drawn


def _ks_means(sim, live):
    return abs(sum(live) / len(live) - sum(sim) / len(sim)) / max(sim + live)


def _arms_draw(rng):
    return {"std": int(rng.integers(25, 61)), "gain": int(rng.integers(10, 31)) / 10}


def _arms(std, gain):
    return float(pairs_needed(math.sqrt(2) * std, gain))


def _memory_draw(rng):
    return {"rows": int(rng.integers(10, 61)) * 100, "rho": int(rng.integers(60, 96)) / 100}


def _effective(rows, rho):
    return rows * (1 - rho) / (1 + rho)


def _looks_draw(rng):
    return {"looks": int(rng.integers(3, 11))}


def _peeking(looks):
    return 100 * float(crossing_probability([1.959964] * looks)[-1])


def _always_draw(rng):
    error = int(rng.integers(5, 16)) / 10
    return {"error": error, "tau": round(error * int(rng.integers(1, 5)) / 2, 2)}


def _always(error, tau):
    found = confidence_sequence([0.0], [error], tau)
    return float(found.high[0])


def _latency_draw(rng):
    return {"sigma_bps": int(rng.integers(10, 26)) * 10, 
            "hours": 6.5,
            "latency_ms": int(rng.choice([10, 50, 200]))}


def _latency(sigma_bps, latency_ms, hours):
    return sigma_bps * math.sqrt(latency_ms / 1e3 / (hours * 3600))


def _total_draw(rng):
    return {"adv_pct": int(rng.integers(4, 21)), "sigma_bps": int(rng.integers(12, 31)) * 10,
            "half_tenths": int(rng.integers(5, 26)), "fee_tenths": int(rng.integers(2, 6))}


def _total(adv_pct, sigma_bps, half_tenths, fee_tenths):
    impact = 2 / 3 * sigma_bps * math.sqrt(adv_pct / 100)
    return impact + (half_tenths + fee_tenths) / 10


def _trials_draw(rng):
    return {"trials": int(rng.choice([20, 50, 100, 200, 500])), "years": int(rng.integers(1, 5))}


def _best_of(trials, years):
    """Expected largest Sharpe ratio of worthless trials (Bailey and Lopez de Prado 2014, eq. 1)."""
    from scipy.special import ndtri

    euler = 0.5772156649015329
    expected = (1 - euler) * ndtri(1 - 1 / trials) + euler * ndtri(1 - 1 / (trials * math.e))
    return float(expected) / math.sqrt(years)


def _capacity_draw(rng):
    return {"alpha_bps": int(rng.integers(8, 31)), "sigma_bps": int(rng.integers(12, 31)) * 10,
            "cost_bps": int(rng.integers(2, 6))}


def _capacity(alpha_bps, sigma_bps, cost_bps):
    """Size in per cent of the day's volume at which costs have eaten the alpha."""
    return 100 * (1.5 * (alpha_bps - cost_bps) / sigma_bps) ** 2


def _sharpe_draw(rng):
    return {"mean": int(rng.integers(20, 61)) / 10, "std": int(rng.integers(20, 61)),
            "days": int(rng.integers(3, 13)) * 21}


def _sharpe_t(mean, std, days):
    return mean / std * math.sqrt(days)


NUMBERS = [
    Fresh("psi_of_two_bins", _psi_draw, _psi, "", (
        wrong("one_way", _kl, "that is the divergence one way; PSI adds the other way."),
        wrong("difference", lambda before_pct, now_pct: abs(before_pct - now_pct) / 100,
              "that is the difference of the shares.")), rtol=0.02, atol=0.002),
    Fresh("ks_by_hand", _ks_distinct, _ks, "", (
        wrong("of_means", _ks_means, "it is the largest gap of the two distribution functions."),)),
    Fresh("orders_per_arm", _arms_draw, _arms, "orders", (
        wrong("as_pairs", lambda std, gain: float(pairs_needed(std, gain)),
              "an order is worked by one arm only: a difference has twice the variance."),
        wrong("both_arms", lambda std, gain: 2 * _arms(std, gain),
              "that is both arms together; one is asked for.")), rtol=0.02, atol=1),
    Fresh("rows_that_count", _memory_draw, _effective, "", (
        wrong("rows", lambda rows, rho: float(rows), "neighbouring rows say the same thing."),
        wrong("one_minus", lambda rows, rho: rows * (1 - rho),
              "divide by 1 + rho, too.")), rtol=0.02),
    Fresh("cost_of_peeking", _looks_draw, _peeking, "%", (
        wrong("one_look", lambda looks: 5.0, "that is the error of one look."),
        wrong("independent", lambda looks: 100 * (1 - 0.95 ** looks),
              "the looks share their data: they are not independent.")), rtol=0.08, atol=0.4),
    Fresh("always_valid_half_width", _always_draw, _always, "bps", (
        wrong("fixed_time", lambda error, tau: 1.96 * error,
              "that interval may be looked at once only."),)),
    Fresh("move_within_latency", _latency_draw, _latency, "bps", (
        wrong("linear", lambda sigma_bps, latency_ms, hours:
              sigma_bps * latency_ms / 1e3 / (hours * 3600),
              "standard deviations grow with the root of time."),
        wrong("whole_day", lambda sigma_bps, latency_ms, hours:
              sigma_bps * math.sqrt(latency_ms / 1e3 / 86400),
              "the volatility is that of the trading day, not of 24 hours.")), rtol=0.03),
    Fresh("pre_trade_estimate", _total_draw, _total, "bps", (
        wrong("peak", lambda adv_pct, sigma_bps, half_tenths, fee_tenths: sigma_bps * math.sqrt(
            adv_pct / 100) + (half_tenths + fee_tenths) / 10,
              "the fills pay two thirds of the peak on average."),
        wrong("impact_only", lambda adv_pct, sigma_bps, half_tenths, fee_tenths:
              2 / 3 * sigma_bps * math.sqrt(adv_pct / 100), "half-spread and fees come on top.")),
          rtol=0.015),
    Fresh("best_of_many", _trials_draw, _best_of, "", (
        wrong("nothing", lambda trials, years: 0.0,
              "the best of many worthless ones is not worthless."),
        wrong("one_trial", lambda trials, years: 1.96 / math.sqrt(years),
              "that is the bar for a single trial.")), rtol=0.08),
    Fresh("capacity", _capacity_draw, _capacity, "%", (
        wrong("peak", lambda alpha_bps, sigma_bps, cost_bps: 100 * (
            (alpha_bps - cost_bps) / sigma_bps) ** 2,
              "fills pay two thirds of the peak impact."),
        wrong("no_costs", lambda alpha_bps, sigma_bps, cost_bps: 100 * (
            1.5 * alpha_bps / sigma_bps) ** 2, "spread and fees come off first.")), rtol=0.03),
    Fresh("t_of_a_desk", _sharpe_draw, _sharpe_t, "", (
        wrong("annualised", lambda mean, std, days: mean / std * math.sqrt(252),
              "that is the Sharpe ratio of a year, not its t."),
        wrong("per_day", lambda mean, std, days: mean / std, "that is the ratio of one day."))),
]
