"""Every number that lesson 06 works out by hand or claims of its run is recomputed here."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lobsim.analytics import paired_difference
from lobsim.course.declare import load_checks
from lobsim.envs.chriss import AlmgrenChrissVectorEnv
from lobsim.envs.sliced import SLICE_ACTIONS, band_family

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "solutions/06_decision_problem"
TERMS = ["execution", "impact", "exogenous", "fees", "leftover"]


@pytest.fixture(scope="module")
def cells():
    document = json.loads((FOLDER / "06_decision_problem.ipynb").read_text(encoding="utf-8"))
    return {cell["id"]: cell for cell in document["cells"]}


@pytest.fixture(scope="module")
def text_of(cells):
    """``text_of(cell id)``: source of a cell."""
    return lambda name: "".join(cells[f"l06-{name}"]["source"])


@pytest.fixture(scope="module")
def printed(cells):
    """``printed(cell id)``: what a cell printed when the lesson was run."""
    return lambda name: "".join("".join(output.get("text", ""))
                                for output in cells[f"l06-{name}"]["outputs"]
                                if output.get("name") == "stdout")


@pytest.fixture(scope="module")
def rules():
    return pd.read_csv(FOLDER / "rules_episodes.csv")


@pytest.fixture(scope="module")
def true(rules):
    """Shortfall less the exogenous term, markets by rules."""
    cost = rules["shortfall"] - rules["exogenous"]
    return rules.assign(cost=cost).pivot(index="seed", columns="rule", values="cost")


@pytest.fixture(scope="module")
def tables():
    runs = pd.read_csv(FOLDER / "table_episodes.csv")
    return runs.pivot(index=["market", "seed"], columns="policy", values="controlled_bps")


def check_named(name: str):
    return next(check for check in load_checks(FOLDER / "checks.py") if check.name == name)


def by_hand(name: str, case: int = 0):
    check = check_named(name)
    return check.reference(**check.parts[0].cases[case].inputs)


def table_of(text: str, head: str) -> list[list[str]]:
    """Rows below the head that begins with `head`."""
    lines = text.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith(f"| {head}")) + 2
    rows = []
    while at < len(lines) and lines[at].startswith("|"):
        rows.append([cell.strip() for cell in lines[at].strip("|").split("|")])
        at += 1
    return rows


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("+", ""))


def said(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def between(one, other) -> str:
    found = paired_difference(one, other)
    return f"{said(found.mean)} ({said(found.ci_low)} to {said(found.ci_high)})"


# -- two lots, and the environment ---------------------------------------------------------------


def test_two_lots_have_the_values_of_both_tables(text_of, printed):
    values, actions = by_hand("backward_induction")
    rows = table_of(text_of("tiny-intro"), "left")
    assert [number(row[5]) for row in rows] == pytest.approx(values[1, 1:])
    for left, row in zip((1, 2), rows):
        totals = [0.3 * (-1 + (0, 0, 1)[left]) + 0.7 * (0, 1, 3)[left], 1 + (0, 0, 1)[left]]
        assert [number(re.findall(r"[\d.]+", cell)[-1]) for cell in row[1:3]] == pytest.approx(
            [float(f"{x:.6g}") for x in totals])
    assert "=1.22$" in text_of("tiny-intro") and values[0, 2] == pytest.approx(1.22)
    assert actions.tolist() == [[0, 0, 0], [0, 0, 1]]
    assert 0.3 * (-1 + 0.4) + 0.7 * 2 == pytest.approx(1.22) and "1.4" in text_of("tiny-intro")
    assert "rest then cross one" in printed("see-backward-induction")


def test_the_weight_of_the_leftover_changes_the_optimum_as_the_slider_says(text_of):
    check = check_named("backward_induction")
    case = check.parts[0].cases[0].inputs

    def last(weight):
        return check.reference(**case | {"final_cost": weight * case["final_cost"]})[1]

    assert not last(0.0).any() and last(1.0)[1, 2] == 1 and last(1.0)[1, 1] == 0
    told = text_of("tiny-view-text")
    assert last(1.2)[0, 2] == 0 and last(2.0)[0, 2] == last(4.0)[0, 2] == 1
    assert last(2.0)[1].tolist() == [0, 1, 1] and "From 2 on it no longer waits" in told
    assert last(4.0)[1].tolist() == [0, 1, 2] and "were both lots still there" in told


def test_the_two_steps_of_the_environment_are_those_of_the_table(text_of, printed):
    info = by_hand("sale_env", 0)
    rows = table_of(text_of("env-intro"), "step | action")
    for row, (_, mid, _, execution, _, exogenous, _, leftover) in zip(rows, info[1:]):
        assert number(row[3].split("→")[1]) == mid
        assert [number(x) for x in row[5:8]] == [execution, exogenous, leftover]
    rewards = [reward for reward, _ in by_hand("sale_env", 1)]
    assert [number(row[8]) for row in rows] == rewards == [-2, -3]
    rng = np.random.Generator(np.random.PCG64(8))
    for row in rows:
        u, _ = rng.random(), rng.random()
        assert number(row[2]) == pytest.approx(u, abs=0.005)
    assert info[-1][2] == -5 and "cash -5" in printed("see-sale-env")
    assert printed("see-sale-env").rstrip().endswith("passes")


def test_played_often_the_best_policy_costs_what_the_paper_says(printed):
    rows = [[float(x) for x in re.findall(r"(-?\d+\.\d+)", line)]
            for line in printed("env-play").splitlines()]
    (best, error), *others = rows
    assert abs(best - 1.22) < 3 * error < 0.15
    assert all(mean + 3 * wide > best for mean, wide in others)


# -- the identity, the bug, shaping --------------------------------------------------------------


def test_two_steps_have_the_terms_of_the_table(text_of, printed):
    text = text_of("identity-intro")
    rows = table_of(text, "step | $x_k$")
    sums = np.array([[number(x) for x in row[5:9]] for row in rows[:2]]).sum(axis=0)
    terms = by_hand("shortfall_terms")
    assert [*sums, number(rows[2][6])] == pytest.approx([4 * x for x in terms], abs=1e-6)
    assert sum(terms) == pytest.approx(2.55) and "2.55 bps" in text and "10.20" in text
    case = check_named("shortfall_terms").parts[0].cases[0].inputs
    received = case["traded_value"].sum() + case["left"][-1] * case["leftover_price"]
    assert received == pytest.approx(39_990) and "39,990" in text
    for line in printed("see-shortfall-terms").splitlines():
        own, theirs = re.findall(r"-?\d+\.\d{4}", line)[:2]
        assert float(own) == pytest.approx(float(theirs), abs=2e-4), line


def test_three_steps_have_the_rewards_of_the_table(text_of, printed):
    text = text_of("bug-text")
    rows = table_of(text, "step | mid")
    right = by_hand("mended_rewards")
    assert [number(row[8].split("=")[-1].strip("$")) for row in rows] == right.tolist()
    case = check_named("mended_rewards").parts[0].cases[0].inputs
    his = check_named("mended_rewards").mistakes[0].wrong(**case)
    assert [number(row[4]) for row in rows] == his.tolist() and his.sum() == -4
    assert right.sum() == -14 == 297 + 96 + 193 - 600 and "−14" in text
    told = {re.split(r" +his", line)[0]: [float(x) for x in re.findall(r"-?\d+\.\d+", line)]
            for line in printed("see-mended-rewards").splitlines()}
    assert max(told, key=lambda name: told[name][0]) == "always rest"
    assert max(told, key=lambda name: told[name][2]) != "always rest"
    for _, yours, truth in told.values():
        assert yours == truth


def test_the_potential_moves_nothing_and_the_charge_does(text_of, printed):
    shaped = by_hand("shaped_cost")
    assert shaped[0, 0, 2] == pytest.approx(1.1) and shaped[1, 0, 2] == pytest.approx(-4.3)
    assert "=1.1$" in text_of("shaping-intro") and "=-4.3$" in text_of("shaping-intro")
    first, second, third = printed("see-shaped-cost").splitlines()
    assert first.endswith("True") and second.endswith("False") and third.endswith("True")
    check, base = check_named("shaped_cost"), check_named("backward_induction")
    rng = np.random.default_rng(1)
    for _ in range(5):  # equation 6 in worlds at random, with a discount
        chance = rng.dirichlet(np.ones(4), (3, 4))
        cost, final = rng.normal(size=(4, 3, 4)), rng.normal(size=4)
        potential = rng.normal(size=(5, 4))
        values, actions = base.reference(chance, cost, final, 0.9)
        other, same = base.reference(chance, check.reference(chance, cost, potential, 0.9), final,
                                     0.9)
        np.testing.assert_array_equal(actions, same)
        np.testing.assert_allclose(other[:-1], values[:-1] - potential[:-1], atol=1e-12)


# -- the family of rules -------------------------------------------------------------------------


def test_the_stored_episodes_are_complete_and_add_up(rules, text_of):
    names = list(band_family(60, 10))
    assert len(names) == 12 and list(dict.fromkeys(rules["rule"])) == names
    count = rules["seed"].nunique()
    assert len(rules) == 12 * count and f"--episodes {count} " in text_of("family-text")
    np.testing.assert_allclose(rules[TERMS].sum(axis=1), rules["shortfall"], atol=4e-4)


def test_each_missing_term_is_abused_as_the_text_says(printed, text_of, true, rules):
    picks = {line[:18].strip(): line[19:44].strip() for line in printed("abuse").splitlines()}
    assert picks["without exogenous"] == "passive TWAP" == true.mean().idxmin()
    assert picks["without leftover"] == picks["leftover × 0.4"] == "wait"
    assert picks["without impact"] == picks["impact credited"] == "rest all"
    assert picks["without fees"] == "TWAP" and picks["tracking × 30"] == "TWAP, every decision"
    text = text_of("abuse-text")
    for rule in ("wait", "rest all"):
        assert said(true[rule].mean()) in text
    for rule in ("TWAP", "TWAP, every decision"):
        gap = paired_difference(true[rule], true["passive TWAP"])
        assert gap.ci_low > 0 and between(true[rule], true["passive TWAP"]) in text
    done = rules.groupby("rule")["completion"].mean()
    assert done["wait"] == 0 and done["passive TWAP"] > 0.999
    # the stored markets agree with the search: the same picks by the same rewards
    mean = rules.groupby("rule")[[*TERMS, "tracking"]].mean()
    assert mean[["execution", "impact", "fees"]].sum(axis=1).idxmin() == "wait"
    assert mean[["execution", "fees", "leftover"]].sum(axis=1).idxmin() == "rest all"
    assert mean[["execution", "impact", "leftover"]].sum(axis=1).idxmin() == "TWAP"


def test_the_noise_is_the_markets_own_as_the_text_says(rules, true, text_of, printed):
    passive = rules[rules["rule"] == "passive TWAP"].set_index("seed")
    own = true["passive TWAP"]
    share = 100 * (1 - own.var() / passive["shortfall"].var())
    assert f"{share:.1f} % of the variance" in text_of("noise-text")
    assert f"{share:.1f} %" in printed("noise")
    drift = passive["exogenous"]
    assert abs(drift.mean()) < 1.96 * drift.sem()
    assert f"{said(drift.mean())} ± {said(1.96 * drift.sem())}" in text_of("noise-text")
    needed = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) episodes", printed("noise"))]
    gap = (true["TWAP"] - own).mean()
    twap = rules[rules["rule"] == "TWAP"].set_index("seed")["shortfall"]
    stds = [passive["shortfall"].std() * 2**0.5, (twap - passive["shortfall"]).std(),
            own.std() * 2**0.5, (true["TWAP"] - own).std()]
    assert needed == [int(np.ceil((2.8 * std / gap) ** 2)) for std in stds]
    assert needed[0] > 100_000 and max(needed[1:]) < 600
    assert 15.5 < passive["shortfall"].std() / own.std() < 16.5 and 16**2 == 256


def test_the_frontier_is_as_the_text_says(rules, true, text_of, printed):
    text, spread = text_of("weights-text"), rules.groupby("rule")["shortfall"].std()
    assert between(true["passive front 2"], true["passive TWAP"]) in text
    for rule in ("passive TWAP", "passive front 2"):
        assert said(spread[rule], 1) in text
    assert said(true["at once"].mean()) in text
    lines = printed("weights").splitlines()
    costs = [float(re.search(r"cost +(\d+\.\d+)", line)[1]) for line in lines]
    stds = [float(re.search(r"shortfall +(\d+\.\d+)", line)[1]) for line in lines]
    assert costs == sorted(costs) and stds == sorted(stds, reverse=True)
    assert "passive TWAP" in lines[0] and not any("wait" in line for line in lines)
    assert all(line.endswith("sold 100 %") for line in lines)


# -- the tables ----------------------------------------------------------------------------------


def test_five_rows_have_the_means_of_the_table(text_of):
    text = text_of("table-intro")
    table = by_hand("backward_q")
    rows = table_of(text, "left | action")
    case = check_named("backward_q").parts[0].cases[0].inputs
    for column, name in enumerate(("left", "action", "cost", "next_left")):
        assert [number(row[column]) for row in rows] == case[name].tolist()
    for k, columns in ((1, (4, 5)), (0, (6, 7))):
        value = case["leftover_cost"] if k else table[1].min(axis=1)
        there = np.interp(case["next_left"], [0, 1, 2], value)
        assert [number(row[columns[0]]) for row in rows] == pytest.approx(there)
        assert [number(row[columns[1]]) for row in rows] == pytest.approx(case["cost"] + there)
    assert table[1, 2].tolist() == [3.125, 2.5] and table[0, 2].tolist() == [1.875, 2.0]
    assert "=3.125$" in text and "=1.875$" in text


def test_the_table_finds_the_closed_form_without_noise_and_not_with_it(printed):
    lines = printed("see-backward-q").splitlines()
    above = [float(re.search(r"(-?\d+\.\d+) % above", line)[1]) for line in lines[:2]]
    assert 0 <= above[0] < 0.5 < above[1]
    world = AlmgrenChrissVectorEnv()
    assert f"optimum {world.optimum_bps:.1f}" in lines[0]
    assert world.optimum_bps == pytest.approx(1e4 * 1_275_355.56 / 50e6, abs=1e-3)
    promised = [float(re.search(r"promises +(-?\d+\.\d+)", line)[1]) for line in lines[:2]]
    assert promised[0] == pytest.approx(world.optimum_bps, rel=0.005)
    assert promised[1] < promised[0] - 10  # the winner's curse


def test_what_the_text_says_of_the_tables_is_in_the_stored_markets(tables, text_of, printed):
    text = text_of("stored-table-text")
    still, reacting = tables.loc["still"], tables.loc["reacting"]
    assert between(still["table"], still["TWAP"]) in text
    assert paired_difference(still["table"], still["TWAP"]).ci_high < 0
    level = paired_difference(still["table"], still["passive TWAP"])
    assert level.ci_low < 0 < level.ci_high
    assert between(still["table"], still["passive TWAP"]) in text
    assert between(still["table, imbalance"], still["table"]) in text
    assert paired_difference(still["table, imbalance"], still["table"]).mean > 0
    assert between(reacting["table"], reacting["passive TWAP"]) in text
    assert paired_difference(reacting["table"], reacting["passive TWAP"]).ci_low > 0
    for name in ("table", "table, imbalance"):
        assert said(still[name].mean()) in text
    count = len(still)
    assert f"--episodes {count} " in text_of("judge-text") and len(reacting) == count
    runs = pd.read_csv(FOLDER / "table_episodes.csv")
    for name in ("table", "table, imbalance"):  # the winner's curse
        promised = runs.loc[runs["policy"] == name, "promised"].mean()
        assert promised < still[name].mean() - 0.1
        assert said(promised) in text and f"{promised:.2f}" in printed("stored-table")


def test_the_log_has_the_actions_of_the_text(text_of, printed):
    lines = printed("book-log").splitlines()
    assert [line[:14].strip() for line in lines[:-1]] == [name for name, *_ in SLICE_ACTIONS]
    assert lines[0].endswith("sold 0.00 units")  # waiting has no price
    each = [float(re.search(r"at +(-?\d+\.\d+) bps", line)[1]) for line in lines[1:-1]]
    assert max(each[1:4]) < min(each[4:])  # at the best price resting is cheaper than crossing


def test_the_model_answer_is_short_enough_and_uses_the_facts(text_of, true, rules):
    answer = text_of("ex-answer").split("=== BEGIN")[0]
    assert len(answer.split()) <= 220
    spread = rules.groupby("rule")["shortfall"].std()
    for value, digits in ((true["wait"].mean(), 2), (true["passive TWAP"].mean(), 2),
                          (true["rest all"].mean(), 2), (spread["passive TWAP"], 1),
                          (spread["passive front 2"], 1),
                          ((true["passive front 2"] - true["passive TWAP"]).mean(), 2),
                          ((true["TWAP, every decision"] - true["passive TWAP"]).mean(), 2)):
        assert said(value, digits) in answer
