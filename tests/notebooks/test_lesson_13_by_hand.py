"""Every number that lesson 13 works out by hand or claims of its run is recomputed here."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from reading import ROOT, Lesson, body_of, number
from scipy.stats import norm

from lobsim.course.declare import instance_rng
from lobsim.course.drill import PROGRAMMES

LESSON = Lesson("13_interview_lab")


def floats(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"-?\d+\.\d+", text)]


def lines(short_id: str) -> list[str]:
    return LESSON.printed(short_id).splitlines()


def row_of(short_id: str, start: str) -> list[float]:
    """Numbers of the one printed line that begins with a name."""
    (own,) = [line for line in lines(short_id) if re.match(rf"\s*{re.escape(start)}(\s|$)", line)]
    return [float(x.replace(",", "")) for x in re.findall(r"-?\d[\d,]*(?:\.\d+)?", own)]


def given(name: str) -> dict:
    return LESSON.checks[name].parts[0].cases[0].inputs


def gain_of(spoken: str) -> list[float]:
    """Difference of TWAP and passive TWAP as the strong answer says it, and half its interval."""
    found = re.search(r"is (-?[\d.]+), give or take ([\d.]+)", spoken)
    return [float(x) for x in found.groups()]


def signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def model_answer(short_id: str) -> str:
    return LESSON.text_of(short_id).split("=== BEGIN")[0]


# -- five minutes ---------------------------------------------------------------------------------


def test_the_interviewers_marks_add_up_and_the_strong_answer_takes_little_more_than_a_minute():
    assert "answer A: 2 of 10" in LESSON.printed("marked")
    assert "answer B: 10 of 10" in LESSON.printed("marked")
    minutes = floats(lines("answers")[3])[0]
    assert lines("answers")[3].startswith("B (") and 1.0 < minutes < 1.5


def test_the_numbers_of_the_strong_answer_are_those_of_the_table():
    spoken = lines("answers")[4]
    passive, at_once = row_of("family", "passive TWAP"), row_of("family", "at once")
    assert f"costs about {passive[0]:.1f} bps" in spoken
    assert f"from {passive[2]:.1f} to {at_once[2]:.1f} bps" in spoken
    difference, half = gain_of(spoken)
    assert abs(difference) < half  # "so I would not argue about it"
    wanted = 2 * (2.8 * passive[2] / 0.5) ** 2
    orders = float(re.search(r"takes ([\d,]+) orders", spoken)[1].replace(",", ""))
    assert orders == pytest.approx(wanted, rel=0.01)


def test_the_estimates_on_paper():
    text = LESSON.text_of("marked-text")
    cost, risk = 2 / 3 * 150 * math.sqrt(0.04), 150 / math.sqrt(3)
    assert f"={cost:.0f}$ bps" in text and f"={risk:.1f}$ bps" in text
    assert row_of("estimates", "4 %")[1:] == pytest.approx([cost, risk], abs=0.051)
    assert norm.ppf(0.975) + norm.ppf(0.8) == pytest.approx(2.8, abs=0.005)


# -- case one -------------------------------------------------------------------------------------


def test_ten_lots_cost_what_the_whiteboard_says():
    case, cost = given("step_costs"), LESSON.by_hand("step_costs")
    rows = body_of(LESSON.text_of("case-one"))
    unit = case["quantity"] * case["mid"][0] / 1e4
    assert (cost * unit).tolist() == pytest.approx([number(row[-1]) for row in rows])
    paid = case["lots"] @ case["price"] + 3 * 100.02 + 2 * 100.04
    direct = paid + case["fee"].sum() + 5 * case["take_fee"] - 1000
    assert cost.sum() * unit == pytest.approx(direct) == pytest.approx(0.245)
    text = LESSON.text_of("case-one")
    assert "0.245. One basis point is 0.1" in text and "1.8 and 0.65 bps" in text
    parts = [sum(number(x) for x in row[4:7]) for row in rows]
    assert parts[0] == pytest.approx(0.18) and parts[1] + 0.115 == pytest.approx(0.065)


def test_both_marks_give_the_same_cost_whatever_was_traded():
    rng = np.random.default_rng(1)
    for _ in range(20):
        case = given("step_costs") | {"mid": rng.normal(100, 1, 3), "price": rng.normal(100, 1, 2)}
        after = case["quantity"] - case["lots"].cumsum()
        before, move = after + case["lots"], np.diff(case["mid"])
        one = case["lots"] * (case["price"] - case["mid"][:-1]) + after * move
        other = case["lots"] * (case["price"] - case["mid"][1:]) + before * move
        assert one == pytest.approx(other)


def test_three_steps_hide_what_the_table_says():
    case, rows = given("honest_costs"), body_of(LESSON.text_of("hiding-intro"))
    left = case["quantity"] - case["filled"].cumsum()
    assert [number(row[5]) for row in rows] == left.tolist()
    assert [number(row[4]) for row in rows] == (left - case["working"]).tolist()
    for own, moved, risk in ((left - case["working"], 7, 9), (left, 8, 10)):
        assert [number(row[moved]) for row in rows] == (-own * np.diff(case["mid"])).tolist()
        assert [number(row[risk]) for row in rows] == pytest.approx((0.1 * own**2).tolist())
    his = next(m for m in LESSON.checks["honest_costs"].mistakes if m.name == "colleague")
    text = LESSON.text_of("hiding-intro")
    assert his.wrong(**case).tolist() == pytest.approx([4.4, 0, 1]) and "4.4, 0 and 1" in text
    assert LESSON.by_hand("honest_costs").tolist() == pytest.approx([15.6, 3.6, 18.5])


def test_hiding_pays_and_waiting_with_an_order_costs_nothing():
    paid = {name: row_of("hiding-play", name)[:2] for name in
            ("passive TWAP", "at once", "rest all", "wait", "far away")}
    assert min(paid, key=lambda name: paid[name][0]) == "rest all" and paid["rest all"][0] < 0
    assert paid["far away"][0] == 0.0 and paid["wait"][0] == paid["wait"][1] > 8
    assert min(paid, key=lambda name: paid[name][1]) == "at once"
    text = LESSON.text_of("hiding-text")
    assert f"{paid['wait'][0]:.2f} bps" in text and f"*gain* of {-paid['rest all'][0]:.2f}" in text


def test_a_term_that_is_missing_teaches_what_the_text_says():
    found = {line[:17].strip(): floats(line) for line in lines("removed")}
    text = LESSON.text_of("removed-text")
    for name in ("without leftover", "without impact"):
        promised, true = found[name]
        assert f"{abs(promised):.2f} bps" in text and f"{true:.2f}" in text
    assert found["fills alone"] == found["without impact"]
    assert found["whole"][0] == found["whole"][1] < found["without fees"][1] < 2.3
    mean, half = gain_of(lines("answers")[4])
    assert f"{mean:.2f} ({signed(mean - half)} to {mean + half:.2f})" in text


def test_two_worlds_have_the_hints_of_the_table():
    rows, found = body_of(LESSON.text_of("hint-intro")), LESSON.by_hand("hints")
    for world, column in ((0, 3), (1, 6)):
        told = [float(row[column].strip("$").split("=")[-1]) for row in rows[:3]]
        assert told == found[:, world].tolist()


def test_only_a_deadline_that_is_over_leaves_the_ranking_alone():
    found = {name: floats(line)[:3] for name, line in
             ((line[:13].strip(), line) for line in lines("hint-play"))}
    assert len(found) == 5 and {row[0] for row in found.values()} == {-4.0}
    assert found["at once"][1] > found["rest all"][1] > found["passive TWAP"][1] > found["wait"][1]
    assert found["wait"][1] == pytest.approx(4 * 0.99**60 - 4, abs=0.005)
    assert {name for name, row in found.items() if row[2] > -3.99} == {"wait", "far away"}
    text = LESSON.text_of("hint-text")
    late = found["at once"][1] - found["passive TWAP"][1]
    true = row_of("family", "at once")[0] - row_of("family", "passive TWAP")[0]
    assert late > true and f"{late:.2f} bps" in text and f"{true:.2f} by which" in text
    assert f"{found['wait'][2] + 4:.2f} bps" in text


def test_what_can_be_subtracted_live_credits_the_agent_with_its_own_push():
    found = {}
    for line in lines("live")[1:5]:
        name = re.match(r"(shortfall as it is|less exogenous|less mid × \w+)", line)[1]
        found[name] = floats(line), "rest all" in line, "passive TWAP" in line
    (raw, *_), (true, _, right) = found["shortfall as it is"], found["less exogenous"]
    assert right and raw[3] > 10 * true[3] and true[4] > raw[4]
    text = LESSON.text_of("live-text")
    for name in ("less mid × schedule", "less mid × own"):
        costs, wrong, _ = found[name]
        assert wrong and costs[3] < 1.0 and costs[2] < 0 < true[2]
    assert f"*gain* of {-found['less mid × own'][0][2]:.2f} bps; it costs {true[2]:.2f}" in text
    assert f"{true[1] - true[0]:.2f} bps more" in text
    assert f"{true[4]:.2f} against {raw[4]:.2f}" in text
    assert "723" in text and row_of("estimates", "to see 1.00 bps")[-1] == 723


def test_the_price_of_risk_is_the_slope_between_two_rules():
    turns = [floats(line) for line in lines("weight")]
    assert turns[0][0] == 0.0041 and turns[0][0] < turns[1][0]
    passive, front = row_of("family", "passive TWAP"), row_of("family", "front 4")[1:]
    slope = (front[0] - passive[0]) / (passive[3] - front[3])
    assert slope == pytest.approx(turns[0][0], abs=4e-4)
    assert f"={0.2 / 30:.4f}$" in LESSON.text_of("weight-intro")


@pytest.mark.parametrize("short_id", ["ex-defence", "ex-plan"])
def test_a_model_answer_is_short_enough_and_its_figures_are_those_of_the_run(short_id):
    answer = model_answer(short_id)
    assert 150 <= len(answer.split()) <= 220
    run = " ".join(LESSON.printed(name) for name in (
        "family", "removed", "weight", "estimates", "trials", "month", "silence",
        "one-case-view"))
    for figure in re.findall(r"\d+\.\d\d+|\b\d{3}\b|\b\d\d(?= %)", answer):
        assert figure in run or figure == "99" and "belief 0.99" in run or figure == "90", figure


def test_silence_is_worth_what_the_text_and_the_plan_say():
    six, plenty = re.findall(r"([\d.]+) days, nothing (\d+) %", LESSON.printed("silence"))
    assert float(six[0]) <= 6 and float(plenty[0]) - float(six[0]) == 2
    for text in (LESSON.text_of("rivals-text"), model_answer("ex-plan")):
        assert f"{six[1]} %" in text
    assert f"makes it {plenty[1]} %" in LESSON.text_of("rivals-text")
    assert floats(lines("month")[-1])[0] == pytest.approx(6.0, abs=0.1)


# -- case two -------------------------------------------------------------------------------------


def test_the_best_of_forty_is_what_equation_4_says():
    euler = 0.5772156649
    z, far = norm.ppf(1 - 1 / 40), norm.ppf(1 - 1 / (40 * math.e))
    wanted = (1 - euler) * z + euler * far
    text = LESSON.text_of("case-two")
    assert f"z(0.975)={z:.3f}" in text and f"={far:.3f}$" in text and f"={wanted:.2f}$" in text
    for count in (5, 40, 200):
        (own,) = [line for line in lines("trials") if line.startswith(f"best of {count:3d}")]
        seen, foretold = floats(own)
        assert seen == pytest.approx(foretold, abs=0.06)
        assert count != 40 or foretold == round(wanted, 2)
    assert abs(floats(lines("trials")[-1])[0]) < 0.15


def test_three_suspects_are_told_apart_as_the_table_says():
    case, rows = given("investigate"), body_of(LESSON.text_of("ask-theory"))
    prior = case["prior"]

    def bits(p):
        return -(p * np.log2(p)).sum()

    assert f"{bits(prior):.3f} bits" in LESSON.text_of("ask-theory")
    for row, chance, days in zip(rows, case["chance"], case["days"], strict=True):
        both = prior * chance, prior * (1 - chance)
        told = bits(prior) - sum(x.sum() * bits(x / x.sum()) for x in both)
        assert f"{told:.3f}" == row[3] and f"{told / days:.3f}" == row[4].strip("*")
        assert [float(x) for x in row[1].split(",")] == chance.tolist()
    belief = prior * case["chance"][2]
    belief /= belief.sum()
    assert belief.tolist() == pytest.approx([0.2, 0.48, 0.32])
    belief *= case["chance"][0]
    text = ", ".join(f"{x:.3f}" for x in belief / belief.sum())
    assert text in LESSON.text_of("ask-theory")
    assert LESSON.by_hand("investigate")[:2] == ([2, 0], 1)


def test_most_bits_a_day_saves_days_and_finds_no_less():
    found = {name: row_of("rivals-play", name) for name in
             ("most bits a day", "down the list", "cheapest first", "the favourite's look")}
    assert min(found, key=lambda name: found[name][0]) == "most bits a day"
    assert max(found, key=lambda name: found[name][0]) == "the favourite's look"
    assert len({row[1] for row in found.values()}) == 1
    mean, low, high = floats(lines("rivals-play")[-1])[:3]
    text = LESSON.text_of("rivals-text")
    assert low > 0 and f"{mean:.2f} ({low:.2f} to {high:.2f}) days" in text
    for name in ("most bits a day", "down the list", "the favourite's look"):
        assert f"{found[name][0]:.2f}" in text
    assert f"{found['most bits a day'][2]:.0f} %" in text


def test_the_looks_speak_as_the_text_says():
    table = [line.split() for line in lines("chance")[1:]]
    alarms = {" ".join(row[:-12]): [float(x) for x in row[-12:-1]] for row in table}
    assert sum(x > 0.9 for x in alarms["refusals, price"]) == 3
    assert sum(x > 0.9 for x in alarms["report stamps"]) == 3
    told = lines("one-case-view")
    assert told[1].startswith("refusals, price") and told[-1].startswith("named: feed_latency")
    assert "2.5" in told[-2] and floats(told[-1])[0] == 0.99


def test_each_student_has_other_venues_and_nobody_gets_their_weeks():
    check = LESSON.checks["investigate"]
    part = next(part for part in check.parts if "your own" in part.name)
    ada, bea = ([case.inputs["prior"] for case in part.cases(
        instance_rng(LESSON.name, "investigate", part.name, name))] for name in ("ada", "bea"))
    assert len(ada) == len(bea) == 5 and not np.allclose(ada, bea)
    released = ROOT / "lessons" / "13_interview_lab"
    assert (LESSON.folder / "checks_case.npz").is_file() and not list(released.glob("*.npz"))


def test_the_hidden_weeks_are_no_orders_of_the_published_table():
    shown = pd.read_csv(LESSON.folder / "case_orders.csv").drop(columns="cause").to_numpy()
    with np.load(LESSON.folder / "checks_case.npz") as file:
        hidden = file["measures"].astype(float).round(4)
    close = np.abs(hidden[:, None] - shown[None]).max(axis=2)
    assert close.min() > 1e-3


# -- interviews -----------------------------------------------------------------------------------


def test_the_programmes_are_printed_as_they_are_asked():
    printed = LESSON.printed("programmes")
    for name, one in PROGRAMMES.items():
        assert f"{name}: {one.role}, {one.minutes} minutes" in printed
        assert all(f"{question.id} ({question.lesson}, {question.minutes})" in printed
                   for _, question in one.slots())


def test_the_report_of_the_programmed_candidate_says_where_its_marks_went():
    printed = LESSON.printed("candidate")
    lost = {kind: int(share) for kind, share in
            re.findall(r"^- (\w+): \d+ of \d+ \((\d+) %\)", printed, re.MULTILINE)}
    assert min(lost, key=lost.get) == "coding" and lost["derivation"] <= 20
    assert lost["debugging"] == 100
    total = re.search(r"marks \((\d+) %\)", printed)[1]
    low, high = re.search(r"bank: (\d+) to (\d+) %", LESSON.printed("candidate-again")).groups()
    assert f"{total} % here, and from {low} to {high} %" in LESSON.text_of("candidate-text")
    late = re.search(r"over time: (.*)", printed)[1].split(", ")
    assert len(late) == 4
