"""Desk questions answered offline: every number recomputed from the raw files by other code."""

import ast
import re
from pathlib import Path

import desk_by_hand
import market_by_hand
import pytest

from lobsim.orderflow_ai import Desk, ask
from lobsim.orderflow_ai.verify import check_prose

QUESTIONS = {
    "Why did yesterday's shortfall double?":
        ("compare_periods", "explain_change", "benchmarks", "worst_orders"),
    "Is this imbalance signal worth trading?": ("signal_worth",),
    "What did our orders cost last week, and in which part?": ("shortfall", "worst_orders"),
    "What spread do we pay, and how much of it do makers keep?": ("spreads",),
    "How does impact grow with trade size?": ("impact_curve",),
    "When in the day is the volume?": ("volume_curve",),
    "Did we beat VWAP?": ("benchmarks",),
    "How long do our resting orders wait in the queue, and how many fill?": ("fill_statistics",),
    "Are our passive fills toxic over 60 s?": ("toxicity",),
    "Do we leak information before we trade?": ("price_around_orders",),
    "Can I trust the data?": ("data_quality",),
    "Why was order 0117-4 so expensive?": ("one_order",),
    "Is our trading cost getting worse?": ("cost_by_day",),
}
FIGURE = re.compile(r"(?<![\w.-])[-+]?\d[\d,]*(?:\.\d+)?(%?)")


@pytest.fixture(scope="module")
def desk():
    return Desk.bundled()


MADE = {}


def by_hand(result):
    """What the other code finds for a call; each call is made once."""
    key = (result.tool, *sorted(result.arguments.items()))
    if key not in MADE:
        home = desk_by_hand if hasattr(desk_by_hand, result.tool) else market_by_hand
        MADE[key] = getattr(home, result.tool)(**result.arguments)
    return MADE[key]


def numbers_by_hand(report):
    """All that a report may quote: the other code's numbers and what the calls were given."""
    return [one for result in report.results.values()
            for one in (by_hand(result) | result.arguments).values() if not isinstance(one, str)]


def figures_without_source(sentences, numbers):
    """Figures of a report that are none of the numbers at their rounding; knows no lobsim."""
    lost = []
    for sentence in sentences:
        bare = re.sub(r"\[[^]]*\]|\b\d{4}-\d{2}-\d{2}\b|\b\d{4}-\d\b|\b\d\d:\d\d\b", " ", sentence)
        for found in FIGURE.finditer(bare):
            written = found.group().rstrip("%").rstrip(",").replace(",", "")
            shown = float(written) / (100 if found[1] else 1)
            half = 0.5 * 10.0 ** -len(written.partition(".")[2]) / (100 if found[1] else 1)
            if not any(abs(abs(shown) - abs(one)) <= half * (1 + 1e-6) for one in numbers):
                lost.append((found.group(), sentence))
    return lost


def test_the_other_code_uses_nothing_of_lobsim():
    for module in (desk_by_hand, market_by_hand):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                 for alias in node.names}
        names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert names <= {"gzip", "math", "pathlib", "numpy", "pandas", "scipy", "desk_by_hand"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_number_of_the_report_is_what_other_code_finds(desk, question):
    report = ask(question, desk, offline=True)
    assert not report.declined
    assert tuple(r.tool for r in report.results.values()) == QUESTIONS[question]
    for result in report.results.values():
        want = by_hand(result)
        assert set(result.values) == set(want)
        for name, value in result.values.items():
            assert value.value == pytest.approx(want[name], rel=2e-6, abs=2e-6), name
    # and the prose shows nothing but these numbers, at its own rounding
    assert figures_without_source(report.answer, numbers_by_hand(report)) == []
    checked = check_prose("\n".join(report.answer), report.results, desk.days)
    assert checked.struck == () and len(checked.kept) >= 2
    assert sum("[t" in sentence for sentence in checked.kept) >= 1


def test_the_worse_day_is_found_and_its_doubling_is_not_taken_on_trust(desk):
    report = ask("Why did yesterday's shortfall double?", desk, offline=True)
    made = report.results["t1"]
    assert made["change_low_bps"] > 0  # the last day was made worse
    assert made["now_bps"] == pytest.approx(
        sum(made[f"{part}_bps"] for part in ("delay", "trading", "opportunity", "fees")))
    due = report.results["t2"]
    assert due["change_bps"] == pytest.approx(due["explained_bps"] + due["unexplained_bps"])
    assert ("It did more than that." in report.answer) == (made["ratio"] > 2.5)
    rose = ask("Why did the shortfall of 2025-01-13 double?", desk, offline=True)
    assert 1 < rose.results["t1"]["ratio"] < 1.75 and rose.answer[0] == "It did not."
    gained = ask("Why did the shortfall of 2025-01-15 double?", desk, offline=True)
    assert gained.results["t1"]["now_bps"] < 0 and "ratio" in gained.results["t1"].unknown
    assert gained.answer[0] == "It did not."


def test_a_figure_that_no_other_code_finds_is_seen():
    true = {"cost_bps": 12.345, "share": 0.4567, "orders": 1234}.values()
    assert figures_without_source(["12.3 bps, 45.7% and 1,234 on 2025-01-17 [t1]."], true) == []
    for wrong in ("12.4 bps", "11 bps", "45.6%", "0.45", "1,235"):
        assert figures_without_source([wrong], true) != []


@pytest.mark.parametrize("words, first, last", [
    ("yesterday", -1, -1), ("on Monday", -5, -5), ("on 14 January", -4, -4),
    ("on January 14th, 2025", -4, -4), ("last week", -5, -1), ("the day before yesterday", -2, -2),
    ("in the last three days", -3, -1), ("the week before last", 0, 4), ("on 2025-01-08", 2, 2),
])
def test_a_period_in_words_is_the_one_that_is_meant(desk, words, first, last):
    named = {"first_day": desk.days[first], "last_day": desk.days[last]}
    report = ask(f"What did our orders cost {words}?", desk, offline=True)
    assert report.results["t1"].arguments == named | {"side": "both"}


@pytest.mark.parametrize("words", ["this morning", "last month", "on Saturday", "after 10:30",
                                   "in the last 30 days", "at the close"])
def test_a_period_that_no_tool_takes_is_told_and_not_passed_over(desk, words):
    report = ask(f"What did our orders cost {words}?", desk, offline=True)
    assert report.declined and not report.results and "cannot be answered" in report.answer[0]


def test_the_base_of_a_comparison_is_the_one_that_is_named(desk):
    for question, base, now in (
            ("Was Friday dearer than the day before?", "2025-01-16", "2025-01-17"),
            ("Why was 2025-01-14 worse than 2025-01-08?", "2025-01-08", "2025-01-14")):
        given = ask(question, desk, offline=True).results["t1"].arguments
        assert (given["base_first_day"], given["base_last_day"]) == (base, base)
        assert (given["first_day"], given["last_day"]) == (now, now)
    given = ask("Compare last week with the week before", desk, offline=True).results["t1"]
    assert given.labels == (desk.days[0], desk.days[4], desk.days[5], desk.days[-1])


def test_an_order_that_the_desk_does_not_have_is_not_answered_with_all_orders(desk):
    report = ask("What did order 0199-1 cost?", desk, offline=True)
    assert report.declined and "no order of this id" in report.answer[0]


def test_the_plain_word_shortfall_asks_for_no_comparison(desk):
    assert "shortfall" in [r.tool for r in ask("What is the implementation shortfall?", desk,
                                               offline=True).results.values()]


def test_a_question_outside_the_tools_is_declined_with_what_can_be_asked(desk):
    for question in ("What will the price be tomorrow?", "Should we buy DSKA?",
                     "What did AAPL cost?", "Which broker is best?", "Tell me a joke",
                     "Delete the fills"):
        report = ask(question, desk, offline=True)
        assert report.declined and not report.results
        assert "what orders cost" in report.answer[0]


def test_what_the_data_lack_is_said_and_not_made_up(desk):
    bare = Desk(quotes=desk.quotes, source="quotes alone")
    report = ask("What did our orders cost?", bare, offline=True)
    assert report.declined and "no orders" in report.answer[0]
    assert not ask("Is this imbalance signal worth trading?", bare, offline=True).declined
    assert "hold no day" in ask("Why did the shortfall double?", Desk(), offline=True).answer[0]
    report = ask("Why did the shortfall of 2025-01-06 double?", desk, offline=True)
    assert report.declined and "no day before" in report.answer[0]


def test_the_report_names_every_call_and_says_that_nothing_left(desk, tmp_path):
    report = ask("Is this imbalance signal worth trading?", desk, offline=True)
    path = report.save(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "**[t1]** `signal_worth(signal='obi'" in text and "Nothing: the report was made" in text
    assert "![" in text and (tmp_path / "t1.png").read_bytes().startswith(b"\x89PNG")
    assert ask(report.question, desk, offline=True).as_dict() == report.as_dict()
