"""Fresh numbers of lessons 05 and 09: quotes, fills, inventory, certainty equivalents."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lobsim.course.drill.fresh import Fresh, wrong
from lobsim.strategies.avellaneda_stoikov import AvellanedaStoikov
from lobsim.strategies.calibration import fill_rates
from lobsim.strategies.glft import GLFT


def _stoikov_draw(rng):
    return {"mid": float(rng.integers(90, 111)), "held": int(rng.choice([-4, -3, -2, 2, 3, 4])),
            "gamma": int(rng.integers(5, 21)) / 100, "sigma": int(rng.integers(1, 4)),
            "left": int(rng.integers(2, 10)) / 10, "k": int(rng.integers(10, 26)) / 10}


def _model(gamma, sigma, k):
    return AvellanedaStoikov(risk_aversion=gamma, volatility=sigma, decay=k)


def _reservation(mid, held, gamma, sigma, left, k):
    """Dollars from the mid to the reservation price."""
    return float(_model(gamma, sigma, k).reservation_price(mid, held, left)) - mid


def _spread(mid, held, gamma, sigma, left, k):
    return float(_model(gamma, sigma, k).spread(left))


def _ask(mid, held, gamma, sigma, left, k):
    return _reservation(mid, held, gamma, sigma, left, k) + _spread(
        mid, held, gamma, sigma, left, k) / 2


def _glft_draw(rng):
    return {"gamma": int(rng.integers(5, 21)) / 100, "sigma": int(rng.integers(1, 4)),
            "k": int(rng.integers(10, 26)) / 10, "intensity": int(rng.integers(8, 20)) * 10}


def _glft(gamma, sigma, k, intensity):
    model = GLFT(gamma, sigma, intensity, k, max_inventory=10, solution="closed")
    return float(sum(model.closed_depths(0)))


def _glft_half(gamma, sigma, k, intensity):
    return 2 * math.log(1 + gamma / k) / gamma


def _rates_draw(rng):
    # drawn from a decay, so that a wrong answer is a wrong way and no odd number
    near, gap = int(rng.integers(2, 5)), int(rng.integers(2, 6))
    decay, rate = rng.uniform(0.2, 0.5), rng.uniform(20, 60)
    return {"near": near, "far": near + gap, "near_rate": round(rate, 1),
            "far_rate": round(rate * math.exp(-decay * gap), 1)}


def _decay(near, far, near_rate, far_rate):
    return math.log(near_rate / far_rate) / (far - near)


def _exposure_draw(rng):
    return {"filled": int(rng.integers(6, 15)), "fill_s": int(rng.integers(5, 10)),
            "pulled": int(rng.integers(16, 41)), "pulled_s": int(rng.integers(12, 31))}


@lru_cache(maxsize=256)
def _exposed_rate(filled, fill_s, pulled, pulled_s):
    """Fills a minute, from the library's table of rates."""
    distances = np.ones(filled + pulled)
    exposures = np.r_[np.full(filled, float(fill_s)), np.full(pulled, float(pulled_s))]
    hit = np.r_[np.ones(filled, bool), np.zeros(pulled, bool)]
    return 60 * float(fill_rates(distances, exposures, hit)["rate"].iloc[0])


def _edge_draw(rng):
    return {"half_spread_tenths": int(rng.integers(5, 16)),
            "rebate_tenths": int(rng.integers(1, 4)),
            "toxic_pct": int(rng.integers(15, 41)), "toxic_tenths": int(rng.integers(20, 41)),
            "plain_tenths": int(rng.integers(1, 4))}


def _edge(half_spread_tenths, rebate_tenths, toxic_pct, toxic_tenths, plain_tenths):
    toxic = toxic_pct / 100
    return (half_spread_tenths + rebate_tenths - toxic * toxic_tenths
            - (1 - toxic) * plain_tenths) / 10


def _walk_draw(rng):
    return {"looks": int(rng.integers(10, 41)) * 10, "fill_pct": int(rng.integers(10, 31))}


def _walk(looks, fill_pct):
    # each look: +1 with p, -1 with p, both or neither else; variance 2p(1-p) a look
    return math.sqrt(2 * looks * fill_pct / 100 * (1 - fill_pct / 100))


def _ce_draw(rng):
    return {"mean": int(rng.integers(50, 81)), "std": int(rng.integers(6, 15)),
            "gamma": int(rng.integers(5, 13)) / 100}


def _ce(mean, std, gamma):
    """By the library, on the quantiles of a normal law."""
    from scipy.special import ndtri

    from lobsim.envs.evaluate_making import certainty_equivalent  # loads compiled code: only here

    points = ndtri((np.arange(20_000) + 0.5) / 20_000)
    return float(certainty_equivalent(mean + std * points, gamma)[0])


def _tanh_draw(rng):
    return {"u": int(rng.integers(8, 21)) / 10, "density": int(rng.integers(10, 41)) / 100}


def _squashed(u, density):
    return math.log(density) - math.log(1 - math.tanh(u) ** 2)


def _soft_draw(rng):
    first = int(rng.integers(40, 80)) / 10
    return {"reward": int(rng.integers(5, 16)) / 10, "discount": 0.99, "q1": first,
            "q2": round(first + int(rng.integers(8, 21)) / 10, 1),
            "alpha": int(rng.integers(2, 6)) / 10, "log_density": int(rng.integers(5, 16)) / -10}


def _soft(reward, discount, q1, q2, alpha, log_density):
    return reward + discount * (min(q1, q2) - alpha * log_density)


def _boltzmann_draw(rng):
    return {"better": int(rng.integers(3, 11)) / 10, "alpha": int(rng.integers(2, 7)) / 10}


NUMBERS = [
    Fresh("reservation_shift", _stoikov_draw, _reservation, "$", (
        wrong("sign", lambda **n: -_reservation(**n),
              "who is long wants to sell: the price at which you do not care is below the mid."),
        wrong("half", lambda **n: _reservation(**n) / 2,
              "no half here: it is the mean of the two reservation prices."),
        wrong("sigma_not_squared", lambda mid, held, gamma, sigma, left, k:
              -held * gamma * sigma * left,
              "it is the variance that enters, not sigma.")), atol=0.003),
    Fresh("stoikov_spread", _stoikov_draw, _spread, "$", (
        wrong("half_spread", lambda **n: _spread(**n) / 2, "that is half of it."),
        wrong("no_risk_term", lambda **n: _spread(**n | {"left": 0}),
              "the risk term gamma sigma^2 (T-t) is missing."),
        wrong("one_over_gamma", lambda mid, held, gamma, sigma, left, k:
              gamma * sigma ** 2 * left + math.log(1 + gamma / k) / gamma,
              "the second term is 2/gamma times the logarithm."))),
    Fresh("stoikov_ask", _stoikov_draw, _ask, "$", (
        wrong("around_the_mid", lambda **n: _spread(**n) / 2,
              "the quotes stand around the reservation price, not around the mid."),
        wrong("whole_spread", lambda **n: _reservation(**n) + _spread(**n),
              "half of the spread is added, not all of it.")), atol=0.005),
    Fresh("glft_spread", _glft_draw, _glft, "$", (
        wrong("without_lean", _glft_half, "without inventory each side still adds half of D."),
        wrong("half", lambda **n: _glft(**n) / 2, "that is the distance of one side."))),
    Fresh("decay_from_two_rates", _rates_draw, _decay, "", (
        wrong("no_logarithm", lambda near, far, near_rate, far_rate:
              (near_rate - far_rate) / (far - near), "rates fall exponentially: take logarithms."),
        wrong("log_ten", lambda **n: _decay(**n) / math.log(10), "natural logarithms.")),
          rtol=0.02),
    Fresh("rate_by_exposure", _exposure_draw, _exposed_rate, "", (
        wrong("pulled_left_out", lambda filled, fill_s, pulled, pulled_s: 60 / fill_s,
              "quotes that were pulled were exposed, too."),
        wrong("share_filled", lambda filled, fill_s, pulled, pulled_s: filled / (filled + pulled),
              "a share is no rate: divide by time.")), rtol=0.02),
    Fresh("edge_per_fill", _edge_draw, _edge, "bps", (
        wrong("no_rebate", lambda **n: _edge(**n | {"rebate_tenths": 0}), "the rebate is missing."),
        wrong("toxic_only", lambda **n: _edge(**n | {"plain_tenths": 0}),
              "the other fills cost a little, too.")), atol=0.005),
    Fresh("inventory_spread", _walk_draw, _walk, "", (
        wrong("one_side", lambda looks, fill_pct: math.sqrt(
            looks * fill_pct / 100 * (1 - fill_pct / 100)), "both sides fill: twice the variance."),
        wrong("not_squared", lambda looks, fill_pct: 2 * looks * fill_pct / 100 * (
            1 - fill_pct / 100), "that is the variance.")), rtol=0.02),
    Fresh("certainty_of_a_profit", _ce_draw, _ce, "$", (
        wrong("no_half", lambda mean, std, gamma: mean - gamma * std ** 2,
              "half of gamma times the variance is taken off."),
        wrong("std_not_variance", lambda mean, std, gamma: mean - gamma / 2 * std,
              "it is the variance that is charged.")), rtol=0.005, atol=0.05),
    Fresh("squashed_log_density", _tanh_draw, _squashed, "", (
        wrong("sign", lambda u, density: math.log(density) + math.log(1 - math.tanh(u) ** 2),
              "the density is divided by the slope, so its logarithm is subtracted."),
        wrong("not_corrected", lambda u, density: math.log(density),
              "the tanh changes the density.")), rtol=0.02, atol=0.005),
    Fresh("soft_target", _soft_draw, _soft, "", (
        wrong("larger_critic", lambda reward, discount, q1, q2, alpha, log_density:
              reward + discount * (max(q1, q2) - alpha * log_density),
              "the smaller of the two critics is believed."),
        wrong("entropy_sign", lambda reward, discount, q1, q2, alpha, log_density:
              reward + discount * (min(q1, q2) + alpha * log_density),
              "entropy is a bonus: minus alpha times the log density."))),
    Fresh("boltzmann_odds", _boltzmann_draw, lambda better, alpha: math.exp(better / alpha), "", (
        wrong("no_temperature", lambda better, alpha: math.exp(better),
              "divide by the temperature."),
        wrong("product", lambda better, alpha: math.exp(better * alpha),
              "a hotter policy is more even: divide.")), rtol=0.02),
]
