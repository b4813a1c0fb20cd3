"""Every number that lesson 12's section on the analyst shows or claims is recomputed here.

The tools' own numbers are computed anew from the raw files in ``tests/orderflow_ai``.
"""

import json
import re

import numpy as np
import pytest
from reading import Lesson, body_of, rows_of

from lobsim.orderflow_ai import Desk, ask

LESSON = Lesson("12_learned_flow")


def floats(text: str) -> list[float]:
    return [float(x.replace(",", "")) for x in re.findall(r"-?\d[\d,]*\.\d+", text)]


def lines(short_id: str) -> list[str]:
    return LESSON.printed(short_id).splitlines()


@pytest.fixture(scope="module")
def desk():
    return Desk.bundled()


@pytest.fixture(scope="module")
def report(desk):
    return ask("Why did yesterday's shortfall double?", desk, offline=True)


def test_the_report_that_is_shown_is_the_report(report):
    assert lines("analyst-ask") == list(report.answer)
    made = report.results["t1"]
    before = [day for day in Desk.bundled().days][:-1]
    assert made.labels[:2] == (before[0], before[-1])
    assert lines("analyst-calls")[-1].startswith(f"times: {made['now_bps'] / made['base_bps']:.2f}")


def test_the_text_reads_the_report_as_it_is(desk, report):
    made, due, tape = (report.results[key] for key in ("t1", "t2", "t3"))
    text = LESSON.text_of("analyst-text")
    assert made["trading_change_bps"] > 0.9 * made["change_bps"]  # "nearly all of the change"
    assert made["mean_notional"] > made["base_mean_notional"]  # "orders were larger"
    for name in ("half_spread_bps", "volatility_bps", "delay_s"):  # wider, wilder, later ...
        assert due[f"now_{name}"] > due[f"base_{name}"]
        assert abs(due[f"due_to_{name}"]) < 2 * due[f"due_to_{name}_error"]  # ... may be chance
    assert due["due_to_participation"] < -2 * due["due_to_participation_error"]  # the wrong sign
    assert tape["vwap_low_bps"] < 0 < tape["arrival_low_bps"]  # "not bad at all", "the price ran"
    assert f"the {int(made['base_orders'])} earlier orders" in text and made["orders"] == 8
    assert "eight orders" in text and "ten mornings" in LESSON.text_of("analyst-intro")
    assert len(desk.days) == 10
    assert f"the desk's {len(desk.orders)} orders" in LESSON.text_of("analyst-intro")


def test_the_table_of_figures_is_the_first_case_and_its_answer():
    rows = body_of(LESSON.text_of("analyst-text").split("### What a figure may claim")[1])
    case = LESSON.checks["unsourced"].parts[0].cases[0].inputs
    plain = [row[1].replace("\\", "").split() for row in rows]
    assert [(one[0], one[1] if len(one) > 1 else "") for one in plain] == case["figures"]
    assert [int(row[0]) for row in rows if row[2] == "no"] == LESSON.by_hand("unsourced")
    assert str(LESSON.by_hand("unsourced")) in LESSON.printed("see-unsourced")
    for value, unit in case["values"]:
        assert f"{value:g}" in LESSON.text_of("analyst-text")


def test_the_fluent_report_is_struck_where_the_text_says(report):
    verdicts = [(line[:8].strip(), line[8:16].strip(), line[16:])
                for line in lines("analyst-fluent")[1:]]
    assert all(mine == house for mine, house, _ in verdicts)  # "agree here"
    struck = [sentence for mine, _, sentence in verdicts if mine == "struck"]
    assert len(verdicts) == 7 and len(struck) == 3
    made = report.results["t1"]
    more = made["mean_notional"] / made["base_mean_notional"] - 1
    assert f"{more:.0%} more" in struck[1]
    assert f"The {100 * more:.0f} % more is *right*" in LESSON.text_of("analyst-fluent-text")
    false = next(sentence for mine, _, sentence in verdicts if "delay part" in sentence
                 and mine == "stands")
    assert floats(false)[0] == round(made["trading_change_bps"], 2)
    assert floats(false)[0] != round(made["delay_change_bps"], 2)


def test_the_table_of_calls_is_the_visible_cases_and_their_answers():
    check = LESSON.checks["checked_call"]
    rows = [row for row in rows_of(LESSON.text_of("analyst-schema-hand")) if row[0][:1] == "`"]
    shown = lines("see-checked-call")
    for row, case, line in zip(rows, check.parts[0].cases, shown, strict=False):
        assert json.loads(row[0].strip("`")) == json.loads(case.inputs["text"])
        want = check.reference(**case.inputs)
        assert eval(row[1].strip("`")) == eval(line) == want
    assert len(rows) == 3 and eval(shown[3]) == ({}, "json")


def test_what_is_sent_holds_three_names_of_orders_and_no_price(desk, report):
    assert "4 requests" in lines("analyst-sent")[-1]
    assert f"on the wire: 0 of {len(desk.orders)}" in LESSON.printed("analyst-sent")
    assert "question of this section: 3" in LESSON.printed("analyst-sent")
    assert "three of the eighty orders" in LESSON.text_of("analyst-endpoint-text")
    sent = json.dumps([result.as_message() for result in report.results.values()])
    assert sum(name in sent for name in desk.orders["order_id"]) == 3
    prices = {f"{price:.2f}" for price in np.unique(desk.fills["price"])}
    assert not prices & set(re.findall(r"\d+\.\d+", sent))


def test_the_stand_in_is_refused_twice_and_its_invention_is_gone(desk):
    told = LESSON.printed("analyst-endpoint")
    assert told.count('{"error"') == 2 and "no argument 'horizon_minutes'" in told
    final = told.split("the report:")[1]
    made = ask("What spread do we pay?", desk, offline=True).results["t1"]
    assert floats(final) == [round(made["effective_bps"], 2), round(made["realised_bps"], 2)]
    assert "peers" not in final and "1.4" not in final


def test_four_questions_are_declined_and_the_signal_does_not_pay(desk):
    told = lines("analyst-declined")
    assert sum("Declined" in line for line in told) == 4 and told[-1].endswith("loses after costs.")
    made = ask("Is this imbalance signal worth trading?", desk, offline=True).results["t1"]
    assert made["cost_bps"] > 10 * made["gross_bps"]  # "far larger"
