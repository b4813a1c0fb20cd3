"""What a training reward and its discount can teach in the signal world, without a learner."""

import json
from pathlib import Path

import numpy as np
import pytest
from measure_signal import best_for, leaning, shape_of, visited, widening

from lobsim.agents import find_case, shipped
from lobsim.envs.drift_signal import DriftSignal
from lobsim.envs.making_rules import LinearQuotes, QuotePolicy
from lobsim.envs.signal_oracle import SignalOracle
from lobsim.strategies import QuoteWorld

ORACLE = SignalOracle(QuoteWorld(horizon=0.3, max_inventory=8), DriftSignal(), 0.1, points=21)


def test_marks_at_the_fill_change_no_optimum_without_a_discount():
    for mean, marked in zip(best_for(ORACLE, "mean", 1.0), best_for(ORACLE, "marked", 1.0)):
        inside = np.isfinite(mean[:, 5:-5])  # beyond, the grid's end and the cut of the tilt tell
        assert marked[:, 5:-5][inside] == pytest.approx(mean[:, 5:-5][inside], abs=5e-3)


def test_with_a_discount_the_running_reward_forgets_the_signal():
    """At 0.97 its best quotes lose nearly twice as much as those of marks at the fill."""
    mean, marked = (ORACLE.value(*best_for(ORACLE, name, 0.97)) for name in ("mean", "marked"))
    undiscounted = ORACLE.value(*best_for(ORACLE, "mean", 1.0))
    assert mean < marked < ORACLE.optimum and mean < undiscounted < ORACLE.optimum
    assert ORACLE.optimum - mean > 1.5 * (ORACLE.optimum - marked)


def test_noisy_quotes_are_best_farther_from_the_mid():
    """By a grid: the mean gain over the noise is largest where `widening` says."""
    decay, skew, log_std = 1.5, 2.0, -1.5
    noise = np.random.default_rng(3).standard_normal((2, 50_000)) * np.exp(log_std)
    moved = noise[0] / decay + skew * noise[1]
    distances = np.linspace(0.5, 2.5, 101)
    gains = [np.mean(np.exp(-decay * (d + moved)) * (d + moved)) for d in distances]
    best = distances[int(np.argmax(gains))]
    assert best == pytest.approx(1 / decay + widening(decay, skew, log_std), abs=0.1)


@pytest.fixture(scope="module")
def quoting():
    case = find_case("signal")
    return case, case.vector(1), visited(case, worlds=16)


def test_the_shape_of_linear_quotes_is_told_by_their_own_numbers(quoting):
    case, env, seen = quoting
    rule = QuotePolicy(env, LinearQuotes(half=0.7, lean=0.05, weight=0.03))
    assert shape_of(env, rule, seen) == pytest.approx((0.7, -0.05, 0.03), abs=1e-5)
    best = case.benchmarks(env)["optimum (programme)"]
    lean = shape_of(env, best, seen)[1]
    assert shape_of(env, leaning(case, env, rule, seen), seen) == pytest.approx(
        (0.7, lean, 0.03), abs=1e-5)


def test_sac_leans_too_hard_and_ppo_follows_the_signal_too_little(quoting):
    """As the README says of the shipped agents; a lean alone does not mend it."""
    case, env, seen = quoting
    _, lean, follow = shape_of(env, case.benchmarks(env)["optimum (programme)"], seen)
    sac, ppo = ([shape_of(env, one, seen)[1:] for one in shipped("signal", algo)]
                for algo in ("sac", "ppo"))
    assert all(1.4 < own / lean and 0.8 < seen_by / follow < 1.2 for own, seen_by in sac)
    assert all(0.8 < own / lean < 1.4 and seen_by / follow < 0.8 for own, seen_by in ppo)
    agents = shipped("signal", "sac")
    mended = [case.exact(env, leaning(case, env, one, seen)) for one in agents]
    assert sum(mended) < sum(case.exact(env, one) for one in agents)


def test_figures_of_lesson_09_are_those_of_the_best_quotes_for_each_reward():
    lesson = Path(__file__).parents[2] / "solutions/09_sac/09_sac.ipynb"
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    text = "".join(next(cell["source"] for cell in cells if cell["id"] == "l09-signal-text"))
    env = find_case("signal").vector(1)
    oracle = SignalOracle(env.world, env.signal, env.risk_aversion)
    worth = {(name, discount): oracle.value(*best_for(oracle, name, discount))
             for name in ("mean", "marked") for discount in (0.97, 0.99)}
    assert f"certainty equivalent of {worth['mean', 0.97]:.2f}, less than" in text
    assert f"At 0.99 they have {worth['mean', 0.99]:.2f}." in text
    assert f"{worth['marked', 0.97]:.2f} at 0.97 and {worth['marked', 0.99]:.2f} at 0.99" in text
    assert 0.2 < 1 - 0.97**10 < 0.3  # "a quarter"
