"""Every number that lesson 07 works out by hand or claims of its run is recomputed here."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from gymnasium import spaces
from reading import Lesson, number, tables
from stable_baselines3.common.buffers import ReplayBuffer

from lobsim.agents import shipped, shipped_results
from lobsim.agents.comparing import two_way_interval
from lobsim.envs.block_sale import ACTIONS, BlockSaleVectorEnv

LESSON = Lesson("07_dqn")
HEALTHY_COST = 3.44


@pytest.fixture(scope="module")
def clinic():
    return pd.read_csv(LESSON.folder / "clinic.csv").set_index("patient")


@pytest.fixture(scope="module")
def last(clinic):
    return clinic.groupby("patient").last()


# -- the pieces ----------------------------------------------------------------------------------


def test_the_ring_of_the_table_holds_the_rows_of_the_table():
    check = LESSON.check_named("replay")
    case = check.parts[0].cases[0].inputs
    rows = tables(LESSON.text_of("replay-intro"))[0]
    steps = case["steps"]
    for k, row in enumerate(rows):
        at = k // 2, k % 2
        assert [int(row["row"]), int(row["slot"])] == [k, k % 3]
        assert number(row["$s$"]) == steps["seen"][at][0]
        assert number(row["$a$"]) == steps["action"][at]
        assert number(row["$r$"]) == steps["reward"][at]
        assert number(row["came back"]) == steps["next_seen"][at][0]
        end = {"no": (0, 0), "terminated": (1, 0), "truncated": (0, 1)}[row["ended"]]
        assert (steps["terminated"][at], steps["truncated"][at]) == end
        if sum(end):
            assert number(row["last view"]) == steps["final_seen"][at][0]
    stored, seen, _, _, after, ended = check.reference(**case)
    assert stored == 3
    kept = {number(row["$s$"]): (number(row["stored $s'$"]), number(row["stored flag"]))
            for row in rows[1:]}
    for s, s2, flag in zip(seen[:, 0], after[:, 0], ended):
        assert kept[s] == (s2, flag)


def test_the_buffer_of_stable_baselines3_keeps_the_same_rows():
    check = LESSON.check_named("replay")
    rng = np.random.default_rng(3)
    case = check.parts[1].cases(rng)[1].inputs
    steps, capacity = case["steps"], case["capacity"]
    length, envs, columns = steps["seen"].shape
    theirs = ReplayBuffer(capacity, spaces.Box(-9, 9, (columns,)), spaces.Discrete(9), "cpu", envs)
    over = steps["terminated"] | steps["truncated"]
    for k in range(length):
        after = np.where(over[k][:, None], steps["final_seen"][k], steps["next_seen"][k])
        theirs.add(steps["seen"][k], after, steps["action"][k], steps["reward"][k], over[k],
                   [{"TimeLimit.truncated": bool(cut)} for cut in steps["truncated"][k]])
    ended = theirs.dones * (1 - theirs.timeouts)
    flat = [part.reshape(capacity, -1) for part in (
        theirs.observations, theirs.actions, theirs.rewards, theirs.next_observations, ended)]
    slots = np.random.default_rng(case["seed"]).integers(capacity, size=case["count"])
    own = check.reference(**case)[1:]
    for mine, its in zip(own, flat):
        np.testing.assert_allclose(np.reshape(mine, (case["count"], -1)), its[slots], atol=1e-6)


def test_three_rows_have_the_targets_of_the_table():
    check = LESSON.check_named("td_targets")
    single, double = (check.reference(**case.inputs) for case in check.parts[0].cases)
    for row, one, two in zip(tables(LESSON.text_of("target-intro"))[0], single, double):
        assert number(row["equation 1"].split("=")[-1].strip("$")) == pytest.approx(one)
        assert number(row["equation 2"].split("=")[-1].strip("$")) == pytest.approx(two)


def test_two_rows_have_the_losses_and_the_step_of_the_table():
    text = LESSON.text_of("step-intro")
    loss, weights, bias = LESSON.by_hand("gradient_step")
    rows = tables(text)[0]
    assert np.mean([number(row["loss"]) for row in rows]) == pytest.approx(loss)
    assert f"{loss:g}" in text
    np.testing.assert_allclose(weights, [[0.975, -0.05], [0.1, 1.05]])
    np.testing.assert_allclose(bias, [-0.025, 0.05])
    for shown in ("(0.975,-0.05)", "(0.1, 1.05)", "−0.025", "0.05"):
        assert shown in text
    for row in rows:
        error = number(row[r"$\delta$"])
        assert error == number(row["$Q_w(s,a)$"]) - number(row["$y$"])
        assert number(row["slope / B"]) == np.clip(error, -1, 1) / 2


def test_the_paths_of_the_target_network_are_those_of_the_text():
    check, text = LESSON.check_named("follow"), LESSON.text_of("follow-intro")
    copy, half = (check.reference(**case.inputs)[:, 0] for case in check.parts[0].cases)
    assert copy.tolist() == [0, 0, 8, 8, 8] and "0, 0, 8, 8, 8" in text
    assert half.tolist() == [0, 2, 5, 6.5, 7.25] and "0, 2, 5, 6.5, 7.25" in text


def test_three_environments_act_as_in_the_table():
    actions = LESSON.by_hand("choose")
    rows = tables(LESSON.text_of("choose-intro"))[0]
    told = [int(re.search(r"(\d)(?:, the best)?$", row["action"].strip("$"))[1]) for row in rows]
    assert told == actions.tolist()
    assert 1 + 0.2 / 0.4 * (0.05 - 1) == pytest.approx(0.525)


def test_three_rungs_have_the_variances_of_the_table():
    found = LESSON.by_hand("ladder")
    rows = tables(LESSON.text_of("interval-intro"))[1]
    for (mean, error), row in zip(found, rows):
        assert number(row[r"$\bar d$"]) == pytest.approx(mean, abs=5e-4)
        assert number(row["standard error"]) == pytest.approx(error, abs=5e-4)
        v = [number(row[name]) for name in ("$V_s$", "$V_e$", "$V_{se}$")]
        assert max(v[0] + v[1] - v[2], v[1]) == pytest.approx(error**2, abs=2e-3)


def test_the_ladder_and_the_library_have_the_same_interval():
    check = LESSON.check_named("ladder")
    case = check.parts[1].cases(np.random.default_rng(1))[0].inputs
    gain, error = check.reference(**case)[2]
    mean, half = two_way_interval(case["blind"] - case["agent"])
    assert gain == pytest.approx(mean)
    assert 1.9 < half / error < 3.0  # Student's t with at least four degrees of freedom
    one = {name: value[:1] if value.ndim == 2 else value for name, value in case.items()}
    gain, error = check.reference(**one)[2]
    mean, half = two_way_interval(one["blind"] - one["agent"])
    assert half / error == pytest.approx(2.2, abs=0.03)  # 11 degrees of freedom


def test_the_step_of_stable_baselines3_is_the_step_of_the_lesson():
    lines = LESSON.printed("see-gradient-step").splitlines()
    mine, theirs = re.findall(r"\d\.\d{4}", lines[0])
    assert mine == theirs and lines[1].endswith("True")


# -- the small world -----------------------------------------------------------------------------


def test_the_small_world_is_that_of_lesson_06():
    values, actions = BlockSaleVectorEnv(1, quantity=2, steps=2).optimum()
    assert values[0, 2] == pytest.approx(-1.22) and ACTIONS[actions[0, 2]] == "rest"
    assert "−1.22" in LESSON.text_of("learn-intro")
    six = BlockSaleVectorEnv(1).optimum()[0][0, 6]
    assert six == pytest.approx(-HEALTHY_COST, abs=0.005)
    assert f"cost of {HEALTHY_COST} ticks" in LESSON.text_of("clinic-intro")


def test_small_units_find_the_mean_and_large_ones_do_not():
    exact, small, large = ([float(x) for x in re.findall(r"-\d\.\d\d", line)]
                           for line in LESSON.printed("two-lots").splitlines())
    np.testing.assert_allclose(small, exact, atol=0.06)
    assert large[0] < exact[0] - 0.1


def test_the_network_comes_close_to_backward_induction():
    cost = {line[:20].strip(): [float(x) for x in re.findall(r"\d+\.\d\d", line)]
            for line in LESSON.printed("six-lots").splitlines()[:4]}
    best, own = cost["backward induction"], cost["your DQN"]
    assert own[0] < best[0] + 0.2
    said = re.search(r"costs about (\d\.\d) ticks", LESSON.text_of("six-lots-text"))
    assert float(said[1]) == pytest.approx(own[0] - best[0], abs=0.05)
    assert min(cost["always rest"][0], cost["cross one each step"][0]) > own[0] + 1
    assert abs(best[0] - HEALTHY_COST) < 2 * best[1]


def test_the_largest_of_noisy_values_grows_as_equation_6_says():
    rng = np.random.default_rng(2)
    for m in (2, 5, 10, 20):
        errors = rng.standard_normal((4000, m))
        errors -= errors.mean(axis=1, keepdims=True)  # they add up to 0, as the theorem asks
        bound = np.sqrt((errors**2).mean(axis=1) / (m - 1))
        assert (errors.max(axis=1) >= bound - 1e-12).all()


# -- the clinic ----------------------------------------------------------------------------------


def test_each_patient_has_the_symptoms_by_which_the_solution_tells_it(clinic, last):
    faults = {patient: LESSON.check_named("diagnosis").reference(patient) for patient in "ABCDEF"}
    assert len(set(faults.values())) == 6
    for fault in faults.values():
        assert f"`{fault}`" in LESSON.text_of("clinic-intro")
    gap = (last["value_at_start"] - last["return_from_start"]).abs()
    size = last["return_from_start"].abs()
    end = (last["value_last"] - last["reward_last"]).abs()
    who = {fault: patient for patient, fault in faults.items()}
    assert last["episode_return"].idxmin() == who["rewards not scaled"]
    assert last.loc[who["rewards not scaled"], "episode_return"] < -1000
    healthy = last.loc[who["healthy"]]
    assert healthy["cost"] < HEALTHY_COST + 0.15
    assert gap[who["healthy"]] < 0.15 * size[who["healthy"]] and end[who["healthy"]] < 0.02
    far = who["target never updated"]
    assert gap[far] > 0.5 * size[far] and end[far] < 0.02
    short = last.loc[who["discount too small"]]
    assert abs(short["value_at_start"] - short["return_from_start"]) < 0.05
    assert short["return_from_start"] > short["episode_return"] + 0.3
    calm = who["bootstraps through the end"]
    assert gap[calm] < 0.1 * size[calm] and end[calm] > 0.05
    assert last.loc[calm, "cost"] > HEALTHY_COST + 0.5
    wild = clinic.loc[who["learning rate too large"]]
    assert wild["rest"].iloc[-1] > 0.9 and wild["loss"].max() > 20 * clinic.loc["C", "loss"].max()
    assert last.loc["G", "cost"] < HEALTHY_COST + 0.15 and clinic.loc["G", "epsilon"].max() == 0


# -- the book ------------------------------------------------------------------------------------


def test_the_table_of_the_lesson_is_that_of_the_shipped_results():
    found = shipped_results("execution").table
    printed = LESSON.printed("results")
    for policy in found.index:
        line = next(line for line in printed.splitlines() if line.startswith(f"{policy} "))
        shown = float(re.findall(r"-?\d+\.\d+", line)[0])
        assert shown == pytest.approx(found.loc[policy, "controlled_bps"], abs=6e-4)


def test_the_facts_are_those_of_the_shipped_results():
    results = shipped_results("execution")
    costs = {name: results.contributions(name, "controlled_bps")
             for name in ("TWAP", "passive TWAP", "DQN, signals blanked", "DQN")}
    rungs = LESSON.check_named("ladder").reference(
        costs["TWAP"][0], costs["passive TWAP"][0], costs["DQN, signals blanked"], costs["DQN"])
    lines = LESSON.printed("facts").splitlines()
    for line, (mean, error) in zip(lines, rungs):
        shown = [float(x) for x in re.findall(r"-?\d+\.\d+", line)]
        assert shown == pytest.approx([mean, 1.96 * error], abs=6e-4)
    # what the prose and the model answer say of them, without digits
    assert rungs[0, 0] > 0.5 * rungs[:, 0].sum() > 0
    spread = results.table["std"]
    assert spread["immediate"] < 1 and spread.drop(["immediate", "POV"]).min() > 3
    assert results.episodes.groupby(["policy", "member", "block"]).size().unique().tolist() == [250]
    assert results.episodes["block"].nunique() == 2


def test_shipped_agents_are_the_double_dqn_of_the_lesson():
    agents = shipped("execution", "dqn")
    assert len({agent.record["seed"] for agent in agents}) == len(agents)
    for agent in agents:
        assert agent.algo == "dqn" and agent.record["recipe"]["options"]["double"] is True
        with torch.no_grad():
            assert sum(p.numel() for p in agent.network.parameters()) == int(
                re.search(r"([\d,]+) weights", LESSON.printed("size"))[1].replace(",", ""))


def test_the_model_answer_is_short_enough():
    assert len(LESSON.text_of("ex-answer").split("=== BEGIN")[0].split()) <= 220
