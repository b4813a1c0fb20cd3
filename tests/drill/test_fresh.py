"""Fresh numbers: the right answer is right for every seed, known mistakes are refused by name."""

import pytest

from lobsim.course.drill.asked import Asked
from lobsim.course.drill.bank import load
from lobsim.course.drill.fresh import FRESH, instance
from lobsim.course.drill.units import UnitError, amount
from lobsim.course.judge import Outcome, judge

SEEDS = range(50)
ASKED = [question for question in load() if question.fresh]


@pytest.mark.parametrize("name", sorted(FRESH))
def test_the_right_answer_is_accepted_and_every_known_mistake_is_named(name):
    for seed in SEEDS:
        planned, numbers, answer = instance(name, seed)
        assert judge(planned, lambda inputs, a=answer: Outcome(a), hidden=True).passed
        (case,) = planned.cases()
        assert set(case.wrong) == {mistake.name for mistake in FRESH[name].mistakes}
        for mistake, value in case.wrong.items():
            found = judge(planned, lambda inputs, v=value: Outcome(v), hidden=True)
            assert not found.passed, (seed, mistake, numbers)
            assert found.mistakes[0][0] == mistake, (seed, mistake, numbers)


@pytest.mark.parametrize("name", sorted(FRESH))
def test_numbers_are_fresh_and_come_again_with_their_seed(name):
    drawn = [instance(name, seed)[1] for seed in range(8)]
    assert len({str(numbers) for numbers in drawn}) > 1
    assert drawn[3] == instance(name, 3)[1]


@pytest.mark.parametrize("question", ASKED, ids=lambda q: q.id)
def test_a_typed_answer_is_judged_with_and_without_its_unit(question):
    asked = Asked(question, 5)
    right = asked.numbers["result"]
    assert asked.judge_typed(f"{right:.12g}").right
    assert asked.judge_typed(f"{right:.12g} {asked.unit}").right
    missed = asked.judge_typed(f"{1.5 * right + 7:.12g}")
    assert not missed.right and missed.share == 0
    assert missed.lines[0].startswith("You said ")  # "It is" would read as the answer


@pytest.mark.parametrize(("typed", "unit", "value"), [
    ("12.5", "bps", 12.5), ("0.125 %", "bps", 12.5), ("12.5 bp", "%", 0.125), ("1/8", "", 0.125),
    ("12.5 %", "", 0.125), ("1,250.5", "$", 1250.5), ("$-3", "$", -3.0), ("-$3", "$", -3.0),
    ("250 cents", "$", 2.5), ("1.5 h", "min", 90.0), ("90 s", "min", 1.5), ("−2", "ticks", -2.0),
    ("3e-4", "", 3e-4), ("1200 shares", "shares", 1200.0), ("2.5 k$", "$", 2500.0),
    ("4 percent", "%", 4.0),
])
def test_units_are_read_and_converted(typed, unit, value):
    assert amount(typed, unit) == pytest.approx(value)


@pytest.mark.parametrize(("typed", "unit"), [
    ("", "bps"), ("much", "bps"), ("12 s", "bps"), ("3/0", ""), ("1e999", ""), ("5 $", "shares"),
    ("nan", ""), ("12 parsecs", "s"),
])
def test_what_is_no_number_in_a_fitting_unit_is_asked_for_again(typed, unit):
    with pytest.raises(UnitError):
        amount(typed, unit)


def test_the_walk_through_the_book_is_that_of_the_engine():
    import lobsim

    _, n, expected = instance("walk_cost", 11)
    book = lobsim.OrderBook(tick_size=0.01)
    ask = n["bid"] + n["spread_c"] / 100
    book.limit("buy", n["bid"], 100)
    for place, size in enumerate((n["first"], n["second"], 10_000)):
        book.limit("sell", round(ask + place / 100, 2), size)
    fills = book.market("buy", n["size"]).fills
    paid = sum(fill.price * fill.size for fill in fills) / n["size"]
    mid = (n["bid"] + ask) / 2
    assert 1e4 * (paid / mid - 1) == pytest.approx(expected)
