"""Every number that lesson 08 works out by hand or claims of its run is recomputed here."""

import re

import gymnasium
import numpy as np
import pytest
import torch
from reading import Lesson, number, rows_of
from scipy.special import stdtrit
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.utils import explained_variance

from lobsim.agents import shipped, shipped_results
from lobsim.agents.comparing import two_way_interval
from lobsim.agents.networks import DepthConv
from lobsim.envs.chriss import AlmgrenChrissVectorEnv
from lobsim.envs.paced import PacedRule

PPO, BLANK = "PPO", "PPO, signals blanked"
PASSIVE, RULE = "passive TWAP", "paced by the trend, tuned"


@pytest.fixture(scope="module")
def lesson():
    return Lesson("08_ppo")


@pytest.fixture(scope="module")
def results():
    return shipped_results("pacing")


def numbers_in(line: str) -> list[float]:
    """Decimal numbers of a printed line."""
    return [float(x) for x in re.findall(r"-?\d+\.\d+", line)]


def last_number(cell: str) -> float:
    """What a cell of a table comes to: the last number in it."""
    return number(re.findall(r"[-−]?[\d.]+", cell)[-1])


# -- worked by hand ------------------------------------------------------------------------------


def test_four_orders_have_the_terms_of_the_table(lesson):
    text = lesson.text_of("score-intro")
    rows = rows_of(text)[2:]
    case = lesson.check_named("score_gradient").parts[0].cases[0].inputs
    score = np.where(case["actions"] == 0, 0.5, -0.5)
    plain, better = case["rewards"] * score, (case["rewards"] - case["baseline"]) * score
    assert [number(row[4]) for row in rows[:4]] == plain.tolist()
    assert [number(row[5]) for row in rows[:4]] == better.tolist()
    assert number(rows[4][2]) == case["rewards"].mean() == case["baseline"]
    assert number(rows[4][4]) == plain.mean() == better.mean() == 0.375
    assert f"from {plain.var(ddof=1):.3f} to {better.var(ddof=1):.3f}" in text
    gradient, variance = lesson.by_hand("score_gradient")
    assert gradient.tolist() == [0.375, -0.375]
    assert variance == pytest.approx(2 * better.var(ddof=1))


def test_four_steps_have_the_advantages_of_both_tables(lesson):
    rows = rows_of(lesson.text_of("credit-intro"))
    first, cut = rows[2:6], rows[8:11]
    cases = [part.cases[0].inputs for part in lesson.check_named("gae").parts[:2]]
    reference = lesson.check_named("gae").reference
    advantages, returns = reference(**cases[0])
    assert [last_number(row[5]) for row in first] == pytest.approx(advantages[:, 0].tolist())
    assert [number(row[6]) for row in first] == pytest.approx(returns[:, 0].tolist())
    assert [number(row[2]) for row in first] == cases[0]["rewards"][:, 0].tolist()
    assert [number(row[3]) for row in first] == cases[0]["values"][:, 0].tolist()
    again = reference(**cases[1])[0][:, 0]
    assert [last_number(row[2]) for row in cut] == pytest.approx(again[[2, 1, 0]].tolist())


def test_four_ratios_have_the_slopes_of_the_table(lesson):
    rows = rows_of(lesson.text_of("clip-intro"))[2:]
    case = lesson.check_named("clipped_surrogate").parts[0].cases[0].inputs
    value, slope = lesson.by_hand("clipped_surrogate")
    assert [number(row[0]) for row in rows] == pytest.approx(np.exp(case["log_new"]))
    assert [number(row[1]) for row in rows] == case["advantages"].tolist()
    assert np.mean([number(row[4]) for row in rows]) == pytest.approx(value)
    assert [number(row[5]) for row in rows] == pytest.approx((4 * slope).tolist())
    assert f"The mean is {value:.3g}" in lesson.text_of("clip-intro")


def test_three_samples_have_the_figures_of_the_text(lesson):
    text = lesson.text_of("health-intro")
    kl, far, explained = lesson.by_hand("health")
    for said in (f"which is {kl:.4f}", f"outside: {far:.3f}", f"={explained:.3f}$"):
        assert said in text
    for x in (1.5, 0.9):
        assert f"{abs(np.log(x)):.4f}" in text
    case = lesson.check_named("health").parts[0].cases[0].inputs
    left = np.var(case["returns"] - case["values"])
    assert f"{left:.3f}" in text and f"{np.var(case['returns']):.3f}" in text


def test_three_levels_have_the_sums_of_the_table(lesson):
    text = lesson.text_of("book-intro")
    rows = rows_of(text)[2:]
    features, count = lesson.by_hand("depth_features")
    assert [number(row[4]) for row in rows] == pytest.approx(features[0, 1:].tolist())
    assert [max(last_number(row[3].split("=")[1]), 0) for row in rows] == pytest.approx(
        features[0, 1:].tolist())
    assert count == 7 and "7 numbers" in text


def test_two_seeds_choose_as_in_the_table(lesson):
    text = lesson.text_of("bug-text")
    rows = rows_of(text)[2:]
    check = lesson.check_named("mended_result")
    case = check.parts[0].cases[0].inputs
    assert [number(row[3]) for row in rows] == pytest.approx(
        case["validation"].mean(axis=2).ravel().tolist())
    assert [number(row[5]) for row in rows] == case["test"].mean(axis=2).ravel().tolist()
    value, chosen = lesson.by_hand("mended_result")
    assert chosen.tolist() == [0, 1] and f"costs {value:g}" in text
    assert f"He reports {check.mistakes[0].wrong(**case)[0]:g}." in text


def test_two_agents_have_the_interval_of_the_text(lesson):
    text = lesson.text_of("luck-intro")
    case = lesson.check_named("two_way").parts[0].cases[0].inputs
    gap = case["cost"] - case["benchmark"]
    rows = rows_of(text)[2:]
    assert [[number(x) for x in row[1:4]] for row in rows[:2]] == gap.tolist()
    assert [number(row[4]) for row in rows[:2]] == gap.mean(axis=1).tolist()
    assert [number(x) for x in rows[2][1:]] == [*gap.mean(axis=0), gap.mean()]
    mean, half = lesson.by_hand("two_way")
    assert f"{mean:g} ± {half:.2f}" in text
    v_s, v_e = gap.mean(axis=1).var(ddof=1) / 2, gap.mean(axis=0).var(ddof=1) / 3
    rest = gap - gap.mean(axis=0) - gap.mean(axis=1, keepdims=True) + gap.mean()
    v = v_s + v_e - (rest**2).sum() / 12
    nu = v**2 / (v_s**2 + v_e**2 / 2)
    assert v_s == v_e == 0.25 and f"$v={v:.3f}$" in text and f"\\nu={nu:.2f}" in text
    assert f"t={stdtrit(nu, 0.975):.2f}" in text and f"={(rest**2).sum() / 12:.3f}$" in text


# -- the references are those of the libraries ---------------------------------------------------


def test_gae_is_that_of_stable_baselines3(lesson):
    rng = np.random.default_rng(4)
    for part in lesson.check_named("gae").parts[2:]:
        for case in part.cases(rng):
            told = case.inputs
            steps, envs = told["rewards"].shape
            box = gymnasium.spaces.Box(-1, 1, (1,))
            buffer = RolloutBuffer(steps, box, box, device="cpu", gae_lambda=told["lam"],
                                   gamma=told["gamma"], n_envs=envs)
            buffer.rewards[:] = told["rewards"] + told["gamma"] * told["cut_values"]
            buffer.values[:], buffer.episode_starts[:] = told["values"], told["starts"]
            buffer.compute_returns_and_advantage(torch.as_tensor(told["last_values"]).float(),
                                                 told["last_done"])
            own, returns = lesson.check_named("gae").reference(**told)
            np.testing.assert_allclose(own, buffer.advantages, atol=1e-4)
            np.testing.assert_allclose(returns, buffer.returns, atol=1e-4)


def test_the_surrogate_has_the_slope_that_pytorch_finds(lesson):
    rng = np.random.default_rng(4)
    for case in lesson.check_named("clipped_surrogate").parts[1].cases(rng):
        told = {name: torch.as_tensor(value) for name, value in case.inputs.items()}
        new = told["log_new"].clone().requires_grad_()
        ratio = torch.exp(new - told["log_old"])
        held = torch.clamp(ratio, 1 - told["clip"], 1 + told["clip"])
        value = torch.min(ratio * told["advantages"], held * told["advantages"]).mean()
        value.backward()
        own, slope = lesson.check_named("clipped_surrogate").reference(**case.inputs)
        assert own == pytest.approx(value.item())
        np.testing.assert_allclose(slope, new.grad.numpy(), atol=1e-12)


def test_health_features_and_interval_are_those_of_the_libraries(lesson):
    rng = np.random.default_rng(4)
    check = lesson.check_named("health")
    for case in check.parts[1].cases(rng):
        assert check.reference(**case.inputs)[2] == pytest.approx(
            explained_variance(case.inputs["values"], case.inputs["returns"]))
    net, seen = DepthConv(24, 10), rng.uniform(0, 1, (3, 24))
    layer = net.conv[0]
    with torch.no_grad():
        theirs = torch.relu(layer(torch.as_tensor(seen[:, 4:]).float().reshape(3, 2, 10)))
    own, count = lesson.check_named("depth_features").reference(
        seen, 10, layer.weight.detach().numpy(), layer.bias.detach().numpy())
    np.testing.assert_allclose(own[:, 4:], theirs.reshape(3, -1), atol=1e-5)
    assert count == sum(one.numel() for one in layer.parameters())
    check = lesson.check_named("two_way")
    for part in check.parts[1:]:
        for case in part.cases(rng):
            told = case.inputs
            assert check.reference(**told) == pytest.approx(
                two_way_interval(told["cost"] - told["benchmark"]))


# -- what the run said ---------------------------------------------------------------------------


def test_the_learner_s_pieces_agree_with_the_libraries_in_the_lesson(lesson):
    printed = lesson.printed
    assert printed("see-gae").count("True") == 2
    wrong, size = numbers_in(printed("see-gae").splitlines()[-1])
    assert wrong > size and "larger than the signal" in lesson.text_of("credit-text")
    assert printed("see-clipped-surrogate").count("True") == 3
    assert printed("see-health").count("True") == 4
    assert "library's first layer: True" in printed("see-depth-features")
    assert "your interval is the library's: True" in printed("stored-parts")
    assert printed("vector-check").count("True") == 1


def test_the_baseline_moves_the_variance_and_no_mean(lesson):
    true, *lines = lesson.printed("see-score-gradient").splitlines()
    slope = numbers_in(true)[0]
    found = [numbers_in(line) for line in lines]
    assert all(abs(line[0] - slope) < 0.02 for line in found)
    none, mean, low = (line[-1] for line in found)
    assert mean < none / 5 and none < low


def test_the_small_ppo_reaches_the_closed_form(lesson):
    first, *seeds = lesson.printed("small-run").splitlines()
    world = AlmgrenChrissVectorEnv(risk_aversion=1e-6)
    assert numbers_in(first) == pytest.approx([world.optimum_bps, 349.1], abs=0.06)
    for line in seeds:
        cost, above, before, after, largest = numbers_in(line)
        assert world.optimum_bps - 0.06 < cost and -0.05 <= above < 5
        assert before < 0.3 < 0.8 < after and largest < 0.1
    clipped, free, _ = lesson.printed("small-break").splitlines()
    path = {}
    for line in (clipped, free):
        path[line[:9].strip()] = numbers_in(line.split("update:")[1].split("|")[0])
    assert path["clip 0.2"] == sorted(path["clip 0.2"], reverse=True)  # equal small steps
    jumps = path["no clip"]
    assert jumps[1] < 5 < path["clip 0.2"][1] and max(np.diff(jumps)) > 1  # soon there, then about
    assert numbers_in(free)[-1] > 100 * numbers_in(clipped)[-1]


def test_the_rewards_are_as_noisy_and_as_blind_as_the_text_says(lesson):
    told = {line[:17].strip(): numbers_in(line)
            for line in lesson.printed("pacing-reward").splitlines()}
    marked, blind, used = told["marked"], told["controlled"], told["against_schedule"]
    assert marked[0] > 3 * used[0]
    assert abs(blind[1]) < blind[2]  # sees no gain
    assert used[1] > 0 and abs(marked[1] - used[1]) < marked[2] + used[2]


def test_the_short_training_gains_by_its_signals(lesson):
    told = {(line[:21].strip(), line[27:53].strip()): line
            for line in lesson.printed("pacing-judge").splitlines()}
    for against in (PASSIVE, "passive near the schedule"):
        assert told[PPO, against].endswith("better")
        assert not told[BLANK, against].endswith("better")
    assert not told[PPO, RULE].endswith("better")
    spells, without = lesson.printed("no-trends").splitlines()
    assert numbers_in(spells)[0] < -numbers_in(spells)[1]
    assert numbers_in(without)[0] > -0.1


def test_the_deep_levels_foretell_nothing_more(lesson):
    found = [numbers_in(line)[0] for line in lesson.printed("book-fit").splitlines()[1:]]
    best, convolution, whole = found
    assert 0 < best < 1 and convolution < best and whole < best


def test_pooling_is_too_sure_and_the_colleague_always_wins(lesson):
    right, naive = (numbers_in(line)[0] for line in lesson.printed("see-two-way").splitlines())
    assert right < 10 < 30 < naive
    his, yours, half = numbers_in(lesson.printed("see-mended-result").splitlines()[0])[1:]
    assert his < -0.4 and abs(yours) <= half + 0.005


# -- what comes with the library -----------------------------------------------------------------


def test_the_stored_results_say_what_the_text_reads_in_them(lesson, results):
    """Signal is most of it, patience the rest, and habits without signals are none."""
    signal, patience = results.difference(PPO, BLANK), results.difference(PASSIVE, "TWAP")
    assert signal["high"] < 0 and patience["high"] < 0
    habits, whole = results.difference(BLANK, PASSIVE), results.difference(PPO, PASSIVE)
    assert abs(habits["difference"]) < 0.25 * abs(whole["difference"])
    for block in results.episodes["block"].unique():
        assert results.difference(PPO, PASSIVE, block=block)["verdict"] == "better"
    assert results.difference(PPO, RULE)["verdict"] != "better"
    gap = (results.contributions(PPO, "controlled_bps")
           - results.contributions(PASSIVE, "controlled_bps")[0])
    assert len(gap) == 5 and (gap.mean(axis=1) < 0).all()
    lines = lesson.printed("facts").splitlines()
    assert numbers_in(lines[0])[0] == pytest.approx(
        results.difference(PPO, "TWAP")["difference"], abs=0.006)
    assert numbers_in(lines[3])[0] == pytest.approx(signal["difference"], abs=0.006)


def test_the_rule_of_the_text_is_the_case_s_and_the_agents_rise_with_the_trend():
    agents = shipped("pacing", "ppo")
    case = agents[0].case
    assert case == "pacing" and len(agents) == 5
    from lobsim.agents.cases import find_case

    case = find_case(case)
    rule = case.benchmarks(None)[RULE]
    assert isinstance(rule, PacedRule) and rule.weights == {"trend": 800.0} and rule.late_s == 20.0
    seen = np.zeros((2, len(case.columns)), np.float32)
    seen[:, case.columns.index("time_left")] = seen[:, case.columns.index("left")] = 0.5
    seen[:, case.columns.index("trend")] = -0.5, 0.5
    for agent in agents:
        late, soon = agent(seen)[:, 0]
        assert late < soon
    assert case.recipe("ppo").settings["max_shift_s"] == 300.0


def test_the_model_answer_is_short_enough(lesson):
    answer = lesson.text_of("ex-answer").split("=== BEGIN")[0]
    assert 120 <= len(answer.split()) <= 220
