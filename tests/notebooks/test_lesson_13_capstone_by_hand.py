"""What the capstone of lesson 13 says of its run and what its model page promises is recomputed."""

import re

import pytest
from reading import Lesson

LESSON = Lesson("13_interview_lab")
NUMBER = r"-?\d[\d,]*(?:\.\d+)?"


def numbers(text: str) -> list[float]:
    return [float(x.replace(",", "")) for x in re.findall(NUMBER, text)]


def rows(short_id: str) -> dict[str, list[float]]:
    """Rows of a printed table by their label."""
    found = {}
    for line in LESSON.printed(short_id).splitlines():
        label = re.match(r"([A-Za-z][A-Za-z\- ]*(?: \d)?)\s{2,}", line)
        if label:
            found[label[1].strip()] = numbers(line[label.end():])
    return found


def page() -> str:
    return LESSON.text_of("ex-page").split("=== BEGIN MARK SCHEME ===")[0]


def test_every_number_of_the_model_page_stands_in_an_output_above_it():
    text = page()
    printed = LESSON.printed("cap-page-facts")
    for number in ("8,300 shares", "0.50 million dollars", "-0.2 bps", "6 bps", "5.9 bps"):
        assert number in text
    shares, millions = numbers(printed)[:2]
    assert (shares, millions) == (8300, 0.50)
    cost, dollars = numbers(printed.splitlines()[2])[:2]
    assert (cost, dollars) == (-0.2, -11)
    assert numbers(printed.splitlines()[3])[:3] == [-5.9, -6.0, -5.8]
    assert numbers(printed.splitlines()[4]) == [-0.5, 6]
    assert "finished on 48 of 48 days" in printed and "all 48 days" in text
    shown = [round(100 * x) for x in numbers(printed.splitlines()[5])]
    assert shown == [20, 24, 34] and "20, 24 and 34 %" in text
    passive = rows("see-act")["passive TWAP"]
    assert round(-passive[1], 1) == 5.4 and "gains 5.4" in text
    assert 1 - passive[4] == pytest.approx(0.05) and "up to 5 % unsold" in text


def test_the_model_page_keeps_to_its_length():
    most = int(re.search(r"at most (\d+) words", LESSON.text_of("ex-page-task"))[1])
    assert len(page().split()) <= most


def test_the_schedules_that_cross_lie_on_top_of_each_other_and_resting_matters():
    table = rows("see-act")
    for name in ("VWAP", "Almgren-Chriss"):
        assert abs(table[name][1]) < 0.2
    passive, own = table["passive TWAP"], table["yours"]
    assert own[3] < 0 and passive[3] < 0  # both intervals exclude zero
    assert abs(own[1] - passive[1]) < 0.2 * abs(own[1])  # "small beside its gain over TWAP"
    assert passive[4] < 1 <= own[4]  # "not done by noon on every day"


def test_the_evidence_of_a_suspect_leaves_the_range_of_the_others():
    table = rows("cap-practice")
    columns = ("drought", "trend", "overshoot", "hidden", "inverted", "storms")
    for at, suspect in enumerate(columns):
        own = [row[at] for name, row in table.items() if name.split()[0] == suspect]
        rest = [row[at] for name, row in table.items() if name.split()[0] != suspect]
        assert len(own) == 2
        below = suspect in ("drought", "overshoot")
        assert max(own) < min(rest) if below else min(own) > max(rest), suspect
    # "where desks without a drought have more than half", storms the least of them
    rest = {name: row[0] for name, row in table.items() if not name.startswith("drought")}
    assert min(rest.values()) > 0.5 and min(rest, key=rest.get).startswith("storms")


def test_points_of_the_plan_are_those_of_the_cells():
    plan = dict(re.findall(r"\| (7|8|9|10|11) \|.*\| (\d+) \|", LESSON.text_of("cap-intro")))
    names = {"7": "check-measure", "8": "check-act", "9": "check-claim", "10": "check-oddity",
             "11": "ex-page"}
    for number, name in names.items():
        about = LESSON.cells[f"l13-{name}"]["metadata"]["nbgrader"]
        assert about["points"] == int(plan[number])
    assert len(re.findall(r"^\d\. \*\*", LESSON.text_of("ex-page"), re.M)) == int(plan["11"])
