"""Fresh numbers of lessons 06 to 08: returns, targets, advantages, the luck of two kinds."""

from __future__ import annotations

import math

import numpy as np

from lobsim.course.drill.fresh import Fresh, wrong


def _discount_draw(rng):
    return {"minutes": int(rng.integers(10, 61)), "step_s": int(rng.choice([2, 5, 10])),
            "discount": float(rng.choice([0.99, 0.995, 0.999]))}


def _discounted(minutes, step_s, discount):
    return discount ** (60 * minutes / step_s)


def _wait_draw(rng):
    return {"half_bps": int(rng.integers(5, 16)) / 10, "fill_pct": int(rng.integers(4, 8)) * 10,
            "slip_bps": int(rng.integers(10, 31)) / 10}


def _wait_gain(half_bps, fill_pct, slip_bps):
    """Bps saved by posting for one period and crossing if it was not filled."""
    p = fill_pct / 100
    return half_bps - (p * -half_bps + (1 - p) * (half_bps + slip_bps))


def _wait_odds(half_bps, slip_bps, fill_pct=0):
    return 100 * slip_bps / (2 * half_bps + slip_bps)


def _two_draw(rng):
    return {"half_bps": int(rng.integers(5, 16)) / 10, "slip_bps": int(rng.integers(10, 31)) / 10}


def _shaping_draw(rng):
    return {"before": int(rng.integers(20, 61)) / 10, "after": int(rng.integers(5, 20)) / 10,
            "discount": 0.9, "reward": int(rng.integers(-15, -4)) / 10}


def _shaped(before, after, discount, reward):
    return reward + discount * after - before


def _values_draw(rng):
    online = (rng.permutation(np.arange(10, 40))[:3] / 10).tolist()
    best = int(np.argmax(online))
    target = (rng.permutation(np.arange(10, 40))[:3] / 10).tolist()
    if int(np.argmax(target)) == best:  # else both targets would be the same number
        other = (best + 1) % 3
        target[best], target[other] = target[other], target[best]
    return {"online": online, "target": target, "reward": int(rng.integers(-20, -4)) / 10,
            "discount": float(rng.choice([0.9, 0.95]))}


def _double(online, target, reward, discount):
    return reward + discount * target[int(np.argmax(online))]


def _bias_draw(rng):
    return {"noise_bps": int(rng.integers(5, 31)) / 10}


def _polyak_draw(rng):
    return {"tau": float(rng.choice([0.002, 0.005, 0.01, 0.02])), "pct": 90}


def _gae_draw(rng):
    return {"rewards": (rng.integers(-10, 21, 3) / 10).tolist(),
            "values": (rng.integers(10, 31, 3) / 10).tolist(), "discount": 0.9,
            "lam": float(rng.choice([0.5, 0.8, 0.9]))}


def _gae_of(rewards, values, discount, lam):
    """Advantage of the first of three steps; the episode ends after the third."""
    after = [*values[1:], 0.0]
    errors = [r + discount * n - v for r, v, n in zip(rewards, values, after, strict=True)]
    return sum((discount * lam) ** i * e for i, e in enumerate(errors))


def _gae_distinct(rng):
    while True:
        drawn = _gae_draw(rng)
        right, near = _gae_of(**drawn), _gae_of(**drawn | {"lam": 0.0})
        whole = _gae_of(**drawn | {"lam": 1.0})
        if min(abs(right - near), abs(right - whole), abs(near - whole)) > 0.1 and abs(right) > 0.2:
            return drawn


def _clip_draw(rng):
    good = bool(rng.integers(2))
    ratio = rng.integers(130, 180) / 100 if good else rng.integers(40, 70) / 100
    size = int(rng.integers(10, 31)) / 10
    return {"ratio": float(ratio), "advantage": size if good else -size, "clip": 0.2}


def _clipped(ratio, advantage, clip):
    return min(ratio * advantage, min(max(ratio, 1 - clip), 1 + clip) * advantage)


def _luck_draw(rng):
    return {"agents": int(rng.integers(4, 9)), "agent_std": int(rng.integers(10, 31)) / 100,
            "markets": int(rng.integers(3, 11)) * 100, "market_std": int(rng.integers(20, 61)) / 10}


def _pooled(agents, agent_std, markets, market_std):
    total = math.sqrt(agent_std ** 2 + market_std ** 2)
    return total / math.sqrt(agents * markets)


def _two_lucks_se(agents, agent_std, markets, market_std):
    return math.sqrt(agent_std ** 2 / agents + market_std ** 2 / markets)


NUMBERS = [
    Fresh("worth_of_the_end", _discount_draw, _discounted, "", (
        wrong("minutes_as_steps", lambda minutes, step_s, discount: discount ** minutes,
              "count decisions, not minutes."),
        wrong("linear", lambda minutes, step_s, discount:
              1 - (1 - discount) * 60 * minutes / step_s,
              "discounts multiply.")), rtol=0.03),
    Fresh("gain_of_waiting", _wait_draw, _wait_gain, "bps", (
        wrong("no_slip", lambda half_bps, fill_pct, slip_bps:
              _wait_gain(half_bps, fill_pct, 0), "when it is not filled the price has moved away."),
        wrong("once", lambda half_bps, fill_pct, slip_bps: fill_pct / 100 * half_bps - (
            1 - fill_pct / 100) * slip_bps, "a fill saves both halves of the spread.")
    ), atol=0.005),
    Fresh("least_fill_odds", _two_draw, _wait_odds, "%", (
        wrong("half_spread", lambda half_bps, slip_bps: 100 * slip_bps / (half_bps + slip_bps),
              "a fill saves two halves of the spread."),
        wrong("other_way", lambda half_bps, slip_bps: 100 * 2 * half_bps / (
            2 * half_bps + slip_bps), "that is one minus it."))),
    Fresh("shaped_reward", _shaping_draw, _shaped, "", (
        wrong("not_discounted", lambda before, after, discount, reward: reward + after - before,
              "the potential after the step is discounted."),
        wrong("other_sign", lambda before, after, discount, reward:
              reward - (discount * after - before), "after less before, not before less after.")),
          atol=0.003),
    Fresh("double_target", _values_draw, _double, "", (
        wrong("single", lambda online, target, reward, discount: reward + discount * max(target),
              "that is the target of plain DQN: the target network chooses and tells."),
        wrong("own_value", lambda online, target, reward, discount: reward + discount * max(online),
              "the learning network chooses; the target network tells the value.")), atol=0.003),
    Fresh("bias_of_two", _bias_draw, lambda noise_bps: noise_bps / math.sqrt(math.pi), "bps", (
        wrong("none", lambda noise_bps: 0.0,
              "the larger of two noisy values is too large on average."),
        wrong("mean_size", lambda noise_bps: noise_bps * math.sqrt(2 / math.pi),
              "that is the mean size of one error.")), rtol=0.02, atol=0.003),
    Fresh("steps_of_a_slow_copy", _polyak_draw,
          lambda tau, pct: math.log(1 - pct / 100) / math.log(1 - tau), "", (
              wrong("one_over_tau", lambda tau, pct: 1 / tau, "after 1/tau steps 63 % have come."),
              wrong("half_life", lambda tau, pct: math.log(2) / tau, "that is the half of it.")),
          rtol=0.03),
    Fresh("first_advantage", _gae_distinct, _gae_of, "", (
        wrong("one_step", lambda **n: _gae_of(**n | {"lam": 0.0}),
              "that is the first error alone, lambda 0."),
        wrong("whole_return", lambda **n: _gae_of(**n | {"lam": 1.0}),
              "that is lambda 1: all that came less what was expected.")), atol=0.01),
    Fresh("clipped_gain", _clip_draw, _clipped, "", (
        wrong("not_clipped", lambda ratio, advantage, clip: ratio * advantage,
              "the ratio is beyond the clip on the side where it counts."),
        wrong("advantage", lambda ratio, advantage, clip: advantage,
              "the clipped ratio still multiplies."))),
    Fresh("two_lucks", _luck_draw, _two_lucks_se, "bps", (
        wrong("pooled", _pooled,
              "agents share markets: these are not agents times markets observations."),
        wrong("markets_only", lambda agents, agent_std, markets, market_std:
              market_std / math.sqrt(markets), "the luck of the training seeds is missing.")),
          rtol=0.02),
]
