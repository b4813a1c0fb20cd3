"""Ten desk questions answered offline: every number recomputed from the raw files by other code."""

import desk_by_hand
import market_by_hand
import pytest

from lobsim.orderflow_ai import Desk, ask
from lobsim.orderflow_ai.verify import check_prose

QUESTIONS = {
    "Why did yesterday's shortfall double?":
        ("compare_periods", "explain_change", "worst_orders"),
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
}


@pytest.fixture(scope="module")
def desk():
    return Desk.bundled()


@pytest.fixture(scope="module")
def by_hand():
    """Results of the other code, each call made once."""
    made = {}

    def number(result):
        key = (result.tool, *sorted(result.arguments.items()))
        if key not in made:
            home = desk_by_hand if hasattr(desk_by_hand, result.tool) else market_by_hand
            made[key] = getattr(home, result.tool)(**result.arguments)
        return made[key]

    return number


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_number_of_the_report_is_what_other_code_finds(desk, by_hand, question):
    report = ask(question, desk, offline=True)
    assert not report.declined
    assert tuple(r.tool for r in report.results.values()) == QUESTIONS[question]
    for result in report.results.values():
        want = by_hand(result)
        assert set(result.values) == set(want)
        for name, value in result.values.items():
            assert value.value == pytest.approx(want[name], rel=2e-6, abs=2e-6), name
    # and the prose shows nothing but these numbers, at its own rounding
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
