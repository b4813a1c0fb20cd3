"""Every number that lesson 09 works out by hand or claims of its run is recomputed here."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from reading import Lesson, body_of, number

from lobsim.agents import find_case, shipped, shipped_results
from lobsim.envs.making_rules import ModelPolicy
from lobsim.strategies import AvellanedaStoikov, QuoteWorld

LESSON = Lesson("09_sac")
README = Path(__file__).parents[2] / "README.md"
WORLD = {"intensity": 140, "decay": 1.5, "move": 2 * math.sqrt(0.005), "step": 0.005, "gamma": 0.1}


@pytest.fixture(scope="module")
def judge():
    return find_case("stoikov").vector(1)


@pytest.fixture(scope="module")
def results():
    return {name: shipped_results(name) for name in ("stoikov", "signal", "making")}


def floats(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"-?\d+\.\d+", text)]


def lines(short_id: str) -> list[str]:
    return LESSON.printed(short_id).splitlines()


# -- entropy, density, target ---------------------------------------------------------------------


def test_three_distances_have_the_gains_and_the_soft_policy_of_the_table():
    half = np.array([1 / 3, 2 / 3, 4 / 3])
    gain = 1.4 * np.exp(-1.5 * half) * half
    weight = np.exp((gain - gain[1]) / 0.05)
    text = LESSON.text_of("entropy-intro")
    for name, values in (("$Q(h)$", gain), (r"$\pi(h)$", weight / weight.sum())):
        line = next(x for x in text.splitlines() if x.startswith(f"| {name}"))
        shown = [number(cell) for cell in line.strip("|").split("|")[1:]]
        assert shown == pytest.approx(values, abs=5e-4)
    for shown, gap in zip(re.findall(r"e\^\{-([\d.]+)/0.05\}", text), gain[1] - gain[[0, 2]]):
        assert number(shown) == pytest.approx(gap, abs=5e-5)
    value = 0.05 * np.log(np.exp(gain / 0.05).sum())
    policy = weight / weight.sum()
    assert value == pytest.approx((policy * (gain - 0.05 * np.log(policy))).sum())
    assert f"={value:.3f}$" in text and f"sum of {weight.sum():.3f}" in text


def test_two_draws_have_the_densities_of_the_table():
    action, density = LESSON.by_hand("squash")
    for row, a, told in zip(body_of(LESSON.text_of("squash-intro")), action[:, 0], density):
        assert number(row[2]) == pytest.approx(a, abs=5e-5)
        assert number(row[5]) == pytest.approx(told, abs=5e-5)
        assert number(row[3]) - number(row[4]) == pytest.approx(told, abs=2e-4)
    told = LESSON.printed("see-squash")
    assert "0.1418" in told and "-0.7258" in told and "adds up to 1.0000" in told


def test_three_steps_have_the_targets_of_the_table():
    for row, target in zip(body_of(LESSON.text_of("target-intro")), LESSON.by_hand("soft_target")):
        assert number(re.findall(r"[\d.]+", row[6])[-1]) == pytest.approx(target)
    assert "2.010  0.935  0.200" in LESSON.printed("see-soft-target")


def test_one_draw_has_the_gradients_of_the_table():
    loss, to_mean, to_log_std = LESSON.by_hand("actor_gradient")
    rows = {row[0]: row[-1] for row in body_of(LESSON.text_of("actor-intro"))}
    assert number(rows["$J_\\pi$"]) == pytest.approx(loss, abs=5e-5)
    assert number(rows[r"$\partial J_\pi/\partial m$"]) == pytest.approx(to_mean.item(), abs=1e-4)
    assert number(rows[r"$\partial J_\pi/\partial\ell$"]) == pytest.approx(to_log_std.item(),
                                                                           abs=1e-4)
    a, spread = math.tanh(1.0), 0.5
    assert number(rows[r"$\partial\log\pi/\partial m$"]) == pytest.approx(2 * a, abs=5e-5)
    assert number(rows[r"$\partial\log\pi/\partial\ell$"]) == pytest.approx(-1 + 2 * a * spread,
                                                                            abs=5e-5)
    assert number(rows[r"$\partial Q_1/\partial u$"]) == pytest.approx(
        -2 * (a - 0.2) * (1 - a * a), abs=5e-5)
    assert f"loss {loss:.4f}" in LESSON.printed("see-actor-gradient")


def test_temperature_and_slow_copy_move_as_the_text_says():
    loss, heat = LESSON.by_hand("temperature_step")
    text = LESSON.text_of("knobs-intro")
    assert f"{loss:.4f}".replace("-", "−").strip("−") in text and f"{heat:.4f}" in text
    assert LESSON.by_hand("polyak")[0] == pytest.approx([1.1, 2.6]) and "(1.1, 2.6)" in text
    assert f"new temperature {heat:.4f}" in LESSON.printed("see-knobs")


# -- your own agent, exact values -----------------------------------------------------------------


def test_two_steps_are_worth_what_the_table_says():
    case = LESSON.checks["exact_ce"].parts[0].cases[0].inputs
    value = LESSON.by_hand("exact_ce")
    held, rows = np.arange(-1, 2), []
    worth = np.ones(3)
    for n in (1, 0):
        moved = np.cosh(0.5 * held) * worth
        more, less = np.append(moved[1:], 0), np.append(0, moved[:-1])
        buys, sells = (0.5 * np.exp(-case[side][n]) for side in ("bid", "ask"))
        paid, got = (np.exp(-0.5 * case[side][n]) for side in ("bid", "ask"))
        worth = ((1 - buys) * (1 - sells) * moved + buys * (1 - sells) * paid * more
                 + sells * (1 - buys) * got * less + buys * sells * paid * got * moved)
        rows += [worth[2], worth[1]] if n else [worth[1]]
    text = LESSON.text_of("judge-intro")
    assert [number(row[2]) for row in body_of(text)] == pytest.approx(rows, abs=5e-5)
    assert f"={value:.4f}$" in text and -2 * math.log(rows[-1]) == pytest.approx(value)
    assert f"two steps {value:.4f}; optimum 65.249" in LESSON.printed("see-exact-ce")


def test_the_bounds_that_the_text_names_are_those_of_the_world(judge):
    assert find_case("stoikov").optimum(judge) == pytest.approx(65.249, abs=5e-4)
    assert "65.25" in LESSON.text_of("question") and "62.79" in LESSON.text_of("question")
    rest, formula, best = floats(LESSON.printed("action-map"))
    assert best == pytest.approx(65.249, abs=1e-3) and formula == pytest.approx(62.79, abs=0.01)
    assert rest < formula


def test_your_own_agent_comes_near_the_optimum_and_not_above():
    own, share = floats(LESSON.printed("own-plot"))[:2]
    assert 96 < share < 100 and own < 65.25


def test_symmetric_quotes_have_the_highest_mean_and_the_lowest_worth():
    rows = {line[:18].strip(): floats(line) for line in lines("means")[1:]}
    means = {name: row[0] for name, row in rows.items()}
    worth = {name: row[3] for name, row in rows.items()}
    assert max(means, key=means.get).startswith("symmetric")
    assert sorted(worth, key=worth.get)[:2] == ["symmetric, no cap", "symmetric"]
    assert max(worth, key=worth.get) == "optimum"
    assert rows["symmetric, no cap"][2] > worth["symmetric, no cap"] + 3
    text = LESSON.text_of("means-text")
    assert f"worth {worth['symmetric']:.0f} with a cap" in text
    assert f"and {worth['symmetric, no cap']:.0f} without" in text


def test_a_cap_decides_what_careless_quotes_are_worth():
    for line, edge in zip(lines("cap-trap"), (15, 40)):
        wide = QuoteWorld(max_inventory=edge)
        bid, ask = (side.copy() for side in wide.best_tables(0.1))
        far = wide.inventories > 12
        bid[:, far], ask[:, far], bid[:, far[::-1]], ask[:, far[::-1]] = 0.0, 3.0, 3.0, 0.0
        bid[:, -1], ask[:, 0] = np.inf, np.inf
        exact = wide.certainty_equivalent(bid, ask, 0.1)
        assert floats(line)[-1] == pytest.approx(exact, abs=0.006)
    assert round(exact) == -34 and "to −34" in LESSON.text_of("cap-trap-text")
    assert "−34" in LESSON.text_of("recall")


# -- the bug --------------------------------------------------------------------------------------


def test_eight_paths_have_the_profits_of_the_table():
    mean, certain = LESSON.by_hand("fair_score")
    rows = body_of(LESSON.text_of("bug-hand"))
    profits = np.repeat([number(row[5]) for row in rows], [2, 2, 4])
    assert profits.mean() == pytest.approx(mean)
    assert -2 * math.log(np.exp(-0.5 * profits).mean()) == pytest.approx(certain)
    assert "is 0.75" in LESSON.text_of("bug-hand") and "0.0566" in LESSON.text_of("bug-hand")
    assert "colleague 2.0000 2.0000, fair 0.7500 0.0566" in LESSON.printed("see-fair-score")


def test_each_mistake_of_the_colleague_pushes_up_and_both_beat_the_optimum():
    check = LESSON.checks["fair_score"]
    rng = np.random.default_rng(9)
    moves = np.where(rng.random((1000, 200)) < 0.5, 1, -1) * 2 * math.sqrt(0.005)
    mid = 100 + np.concatenate([np.zeros((1000, 1)), moves.cumsum(axis=1)], axis=1)
    given = dict(zip(("mid", "u_bid", "u_ask", "half", "lean", "intensity", "decay", "step",
                      "gamma"), (mid, rng.random((1000, 200)), rng.random((1000, 200)), 0.8, 0.1,
                                 140, 1.5, 0.005, 0.1)))
    wrong = {m.name: m.wrong(**given)[1] for m in check.mistakes[:3]}
    fair = check.reference(**given)[1]
    assert fair < min(wrong["batches"], wrong["foresight"]) < wrong["colleague"]
    assert wrong["colleague"] > 65.25 > fair
    told = floats(lines("see-fair-score")[1])
    assert told == pytest.approx([wrong["colleague"], fair, 65.25], abs=0.006)


# -- what is shipped ------------------------------------------------------------------------------


def test_no_training_is_above_the_optimum_and_each_comes_near_it():
    rows = [floats(line) for line in lines("five")[1:] if line.rstrip().endswith("%")]
    assert len(rows) == len(shipped("stoikov", "sac")) == 5
    assert all(95 <= share < 100 and value < 65.249 for value, share in rows)
    assert "above it: 0" in LESSON.printed("five")
    shares = sorted(share for _, share in rows)
    assert shares[1] > 98.5 and 100 - shares[0] > 3.5 * (100 - shares[1])  # "one four times as far"


def test_the_stored_comparison_is_the_one_that_the_lesson_shows(results):
    for name in ("GLFT", "A-S", "A-S, tuned gamma"):
        row = results["stoikov"].difference("SAC", name)
        shown = next(line for line in lines("five") if line.startswith(f"SAC less {name} "))
        told = floats(shown.removeprefix(f"SAC less {name}"))
        assert told == pytest.approx([row["difference"], row["half"]], abs=6e-4)


def test_no_training_is_told_apart_from_the_tuned_formulas(results):
    """The text reads that from the stored comparison."""
    for name in ("GLFT", "A-S, tuned gamma"):
        assert results["stoikov"].difference("SAC", name)["verdict"] == "not told apart"
    assert results["stoikov"].difference("SAC", "symmetric")["verdict"] == "better"


def test_blocks_are_as_large_as_the_text_says(results):
    for case, cell in (("stoikov", "five-text"), ("making", "book-results-text")):
        sizes = results[case].episodes.groupby("block")["seed"].nunique()
        assert list(sizes) == [250, 250] and " 250 " in LESSON.text_of(cell)


# -- the signal -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worth():
    told = lines("signal-rules")
    return {line[:26].strip(): floats(line)[0] for line in told[1:-1]}


def test_optimum_and_formula_of_the_signal_world_are_what_the_lesson_printed(worth):
    case = find_case("signal")
    env = case.vector(1)
    assert worth["optimum (programme)"] == pytest.approx(case.optimum(env), abs=0.006)
    formula = ModelPolicy(env, AvellanedaStoikov(0.1, env.world.volatility, env.world.decay))
    assert worth["A-S"] == pytest.approx(case.exact(env, formula), abs=0.006)
    assert max(worth, key=worth.get) == "optimum (programme)"


def test_figures_of_the_text_are_differences_of_the_printed_ones(worth):
    aware, blind = worth["GLFT with signal, tuned"], worth["GLFT blind, tuned"]
    best, formula = worth["optimum (programme)"], worth["A-S"]
    answer = LESSON.text_of("ex-answer")
    for value in (aware, blind, best, formula):
        assert f"{value:.2f}" in answer
    assert f"{blind - formula:.1f} are **tuning**" in answer
    assert f"{aware - blind:.1f} more are the **signal**" in answer
    assert f"beats A-S by {aware - formula:.1f}" in answer
    assert floats(lines("signal-rules")[-1]) == pytest.approx([aware - blind, best - aware],
                                                              abs=0.011)
    assert 0.2 < (best - aware) / (aware - blind) < 0.3  # "a quarter of that"
    text = LESSON.text_of("signal-text")
    assert f"{100 * aware / best:.0f} % of the optimum: nobody" in LESSON.text_of("signal-five-text")
    assert aware - blind < 4 and f"{(aware - blind) / 200:.2f} a step" in text
    assert f"cannot see it have {blind:.0f}" in LESSON.text_of("question")
    assert f"optimum has {best:.0f}" in LESSON.text_of("question")


def test_ppo_found_the_tuning_and_most_of_the_signal(worth, results):
    found, text = results["signal"], LESSON.text_of("signal-five-text")
    best, told = worth["optimum (programme)"], floats(lines("signal-five")[0])[:5]
    assert all(0.95 * best < one < best for one in told)
    assert f"has {100 * sum(told) / 5 / best:.0f} % of it" in text
    readme = README.read_text(encoding="utf-8")
    assert f"have {min(told):.2f} to {max(told):.2f} of {best:.2f}, computed exactly" in readme
    gain = found.difference("PPO", "GLFT blind, tuned")
    assert gain["verdict"] == "better"
    assert f"best blind rule by {gain['difference']:.2f} ± {gain['half']:.2f}" in text
    blank = found.difference("PPO, signals blanked", "GLFT blind, tuned")
    assert blank["verdict"] == "not told apart"
    assert f"(−{-blank['difference']:.2f} ± {blank['half']:.2f})" in text
    lead = found.difference("PPO", "GLFT with signal, tuned")
    assert lead["verdict"] == "worse"
    assert f"stays {-lead['difference']:.2f} ± {lead['half']:.2f} ahead of PPO" in text
    formula = found.difference("PPO", "A-S")["difference"]
    assert f"beats the formula by {formula:.1f}" in text
    answer = LESSON.text_of("ex-answer")
    assert f"from {gain['difference']:.2f} above the best blind rule to its level" in answer
    assert f"(PPO: −{-lead['difference']:.2f})" in answer


def test_sac_found_most_of_the_signal_around_a_rule_that_does_not_see_it(worth, results):
    found, text = results["signal"], LESSON.text_of("signal-five-text")
    best, told = worth["optimum (programme)"], floats(lines("signal-five")[1])[:5]
    assert all(0.96 * best < one < best for one in told)
    assert f"has {100 * sum(told) / 5 / best:.0f} % of the optimum on average, too" in text
    readme = README.read_text("utf-8")
    assert f"{min(told):.2f} to {max(told):.2f} after three minutes" in readme
    assert f"{100 * sum(told) / 5 / best:.1f} % of the optimum on average, a little short" in readme
    gain = found.difference("SAC", "GLFT blind, tuned")
    assert gain["verdict"] == "better"
    assert f"ends {gain['difference']:.2f} ± {gain['half']:.2f} above it" in text
    assert f"the blind one SAC gained {gain['difference']:.2f}" in LESSON.text_of("ex-answer")
    blank = found.difference("SAC, signals blanked", "GLFT blind, tuned")
    assert blank["verdict"] == "worse"
    assert f"(−{-blank['difference']:.2f} ± {blank['half']:.2f})" in text
    behind = found.difference("SAC", "PPO")
    assert behind["verdict"] == "worse"
    assert f"is {-behind['difference']:.2f} ± {behind['half']:.2f} behind PPO" in text
    formulas = ("A-S", "A-S blind, tuned", "A-S with signal, tuned")
    assert all(found.difference("SAC", name)["verdict"] == "better" for name in formulas)


def test_training_finds_the_signal_only_where_the_reward_keeps_it(worth):
    told, text = lines("signal-train"), LESSON.text_of("signal-text")
    nothing, seeing, blind = ([float(x) for x in told[k].split("validated")[1].split()]
                              for k in (1, 4, 7))
    assert nothing[0] < 0 and abs(max(nothing) - worth["A-S"]) < 2
    assert max(nothing) < worth["A-S blind, tuned"]
    assert max(seeing[1:]) < seeing[0] - 1
    assert "kept after 0 steps" in told[5]
    kept = floats(told[5])[0]  # the rule, and a quarter of a network that knows nothing
    assert 0 < worth["GLFT with signal, tuned"] - kept < 0.5
    assert f'"SAC {kept:.1f}, A-S {worth["A-S"]:.1f}"' in text
    errors = [floats(told[k])[-1] for k in (2, 5, 8)]
    assert min(errors) > 2 * (worth["GLFT with signal, tuned"] - worth["GLFT blind, tuned"]) / 200
    assert f"begins at {blind[0]:.2f} on the validation seeds and ends at {blind[-1]:.2f}" in text
    assert floats(told[8])[0] > worth["GLFT blind, tuned"] + 2 and errors[2] > errors[1]


# -- the book -------------------------------------------------------------------------------------


def test_in_the_book_the_agent_is_level_with_its_rule_and_above_the_blind_one(results):
    found = results["making"]
    blocks = list(found.episodes["block"].unique())
    rule, blank = "all signals, tuned", "PPO, signals blanked"
    for name in (rule, blank):
        assert found.difference("PPO", name)["verdict"] == "not told apart"
    gained = [found.difference("PPO", rule, "profit", block)["low"] > 0 for block in blocks]
    assert sorted(gained) == [False, True]
    assert found.difference("PPO", rule, "profit")["low"] > 0
    for measure in ("ce", "profit"):
        for block in blocks:
            for blind in ("linear (GLFT form), tuned", "symmetric, tuned"):
                assert found.difference("PPO", blind, measure, block)["low"] > 0
    glft = found.difference("PPO", "linear (GLFT form), tuned")["difference"]
    assert found.difference("PPO", rule)["difference"] < 0.5 * glft
    flat = {measure: found.difference("PPO", "symmetric, tuned", measure)["difference"]
            for measure in ("ce", "profit")}
    assert flat["profit"] < 0.5 * flat["ce"] and flat["ce"] > 5 * glft
    shown = [floats(line) for line in lines("book-results") if line.startswith(rule)]
    row = found.difference("PPO", rule)
    assert shown[-1][:2] == pytest.approx([row["difference"], row["half"]], abs=0.006)


def test_parts_of_the_profit_are_what_the_text_reads_in_them():
    rows = {line[:13].strip(): floats(line[13:]) for line in lines("book-table")[1:-1]}
    assert all(sum(row[3:6]) < 0 < row[6] for row in rows.values())  # the rebate is the profit
    seen, blank = rows["all signals"], rows["all, blanked"]
    mended = [one - other for one, other in zip(seen[3:6], blank[3:6])]
    assert mended[2] > 4 * max(abs(mended[0]), abs(mended[1]))
    trend = {line[:13].strip(): floats(line[13:])[0] for line in lines("book-trend")}
    assert max(trend, key=trend.get) == "all signals" and trend["all signals"] > 0
    assert min(trend, key=trend.get) == "symmetric"


def test_the_model_answer_is_short_enough():
    answer = LESSON.text_of("ex-answer").split("=== BEGIN")[0]
    assert 120 <= len(answer.split()) <= 220
