"""Points, mistakes and words of a judged check."""

import re

import numpy as np
import pandas as pd
import pytest

from lobsim.course import Case, Check, Mistake, Part, Tolerance
from lobsim.course.calling import UNANSWERED, Outcome, call
from lobsim.course.judge import judge, judge_outcomes
from lobsim.course.plan import from_published, plan, publish, visible_only


def cost(side, quantity, price):
    return (price - 100.0) * quantity * (1 if side == "buy" else -1)


def per_student(rng):
    return [Case({"side": "sell", "quantity": int(rng.integers(1, 100)),
                  "price": float(rng.uniform(90, 110))}) for _ in range(4)]


COST = Check(
    "cost", "What did it cost?", reference=cost,
    parts=[
        Part("by hand", 2, [Case({"side": "buy", "quantity": 100, "price": 101.0}),
                            Case({"side": "sell", "quantity": 10, "price": 113.25},
                                 "a sell above the decision price")], partial=True),
        Part("your numbers", 3, per_student, visible=False, category="other numbers",
             partial=True),
        Part("nothing traded", 1, [Case({"side": "buy", "quantity": 0, "price": 98765.4321})],
             visible=False, category="edge cases"),
    ],
    mistakes=[Mistake("sign_of_a_buy", lambda side, quantity, price: (price - 100.0) * quantity,
                      "your shortfall has the sign of a buy; this order is a sell."),
              Mistake("per_share", lambda side, quantity, price: cost(side, 1, price),
                      "this is the cost of one share."),
              Mistake("divides", None, "nothing traded means nothing to divide by.",
                      error="ZeroDivisionError")],
    reread="section 1.4")


def run(function, check=COST, hidden=True, student=None, kind="function"):
    return judge(check, lambda inputs: call(function, kind, inputs, tuple(check.by_keyword)),
                 lesson="01", student=student, hidden=hidden)


def test_the_reference_earns_every_point():
    result = run(cost)
    assert (result.earned, result.points, result.points_visible) == (6.0, 6.0, 2.0)
    assert result.passed and not result.mistakes


def test_without_hidden_cases_only_visible_points_are_earned_and_the_rest_is_announced():
    result = run(cost, hidden=False)
    assert result.earned == 2.0 and result.passed and not result.hidden_judged
    assert "4.0 more for hidden tests" in result.text()
    assert [part.state for part in result.parts] == ["passed", "later", "later"]


def test_a_known_mistake_is_named_once_with_call_value_and_expectation():
    result = run(lambda side, quantity, price: (price - 100.0) * quantity)
    text = result.text()
    assert "You called cost(side='sell', quantity=10, price=113.25)." in text
    assert "It returned 132.5, expected -132.5." in text
    assert text.count("Likely mistake: your shortfall has the sign of a buy") == 1
    assert "Read again: section 1.4." in text
    assert result.earned == 2.0  # half of "by hand", none of the sells, nothing traded is right
    assert [m[0] for m in result.mistakes] == ["sign_of_a_buy"]


def test_a_mistake_shown_only_by_hidden_cases_is_told_without_their_numbers():
    def wrong(side, quantity, price):
        return cost(side, quantity, price) if price in (101.0, 113.25) else cost(side, 1, price)

    result = run(wrong)
    assert result.parts[0].state == "passed" and result.parts[1].state == "failed"
    assert "Likely mistake: this is the cost of one share." in result.text()
    assert "98765" not in result.text() + result.html() + repr(result)


def test_a_mistake_is_not_blamed_where_it_gives_the_right_answer():
    result = run(lambda side, quantity, price: 5.0)
    assert result.mistakes == ()


def test_a_mistake_known_by_its_exception_is_told():
    def divides(side, quantity, price):
        return cost(side, quantity, price) * (quantity / quantity)

    result = run(divides)
    assert result.mistakes == (("divides", "nothing traded means nothing to divide by."),)
    assert result.earned == 5.0


@pytest.mark.parametrize("function, words", [
    (lambda side, quantity, price: None, "is a `return` missing"),
    (lambda side, quantity: 1.0, "Keep the arguments as they were given"),
    (lambda side, quantity, price: "x", "got text, expected a number"),
    (lambda side, quantity, price: [1.0], "got a list of 1, expected a number"),
    (lambda side, quantity, price: object(), "got an object of type object, expected a number"),
    (7.0, "needs the function itself; the name now holds a float"),
    (lambda side, quantity, price: np.zeros(10**8, dtype="u1"), "too large to check"),
])
def test_each_kind_of_failure_has_its_own_sentence(function, words):
    result = run(function, hidden=False)
    assert result.earned == 0
    assert words in re.sub(r"\s+", " ", result.text())


def test_an_error_is_told_with_the_learners_own_line():
    def broken(side, quantity, price):
        prices = [price]
        return prices[3]

    text = run(broken, hidden=False).text()
    assert "It stopped with IndexError: list index out of range." in text
    assert "of broken: return prices[3]" in text


def test_leaving_the_process_is_an_error_like_any_other():
    def leaves(side, quantity, price):
        raise SystemExit(0)

    assert "It stopped with SystemExit" in run(leaves, hidden=False).text()


def _blank(side, quantity, price):
    raise NotImplementedError


@pytest.mark.parametrize("answer", [..., _blank, lambda side, quantity, price: ...])
def test_blank_work_is_told_kindly_and_earns_nothing(answer):
    result = run(answer)
    assert result.unanswered and result.earned == 0.0
    assert "not done yet" in result.text() and "✗" not in result.text()


def test_a_blank_is_called_once_only():
    calls = []
    judge(COST, lambda inputs: calls.append(1) or Outcome(error=UNANSWERED), lesson="01",
          hidden=True)
    assert len(calls) == 1


def test_a_branch_that_is_not_done_costs_only_its_own_cases():
    def buys_only(side, quantity, price):
        if side == "sell":
            raise NotImplementedError
        return cost(side, quantity, price)

    result = run(buys_only)
    assert not result.unanswered and result.earned == 2.0


def test_a_function_that_returns_nothing_is_right_nowhere():
    check = Check("best", "Best bid", reference=lambda bids: max(bids, default=None),
                  parts=[Part("some", 1, [Case({"bids": [1.0, 2.0]})]),
                         Part("none", 1, [Case({"bids": []})], visible=False)])
    assert run(lambda bids: None, check).earned == 0
    assert run(lambda bids: max(bids) if bids else None, check).earned == 2


def test_one_accepted_convention_must_explain_every_case():
    check = Check("sign", "Sign", reference=lambda x: x, accept=[lambda x: -x],
                  parts=[Part("both", 2, [Case({"x": 1.0}), Case({"x": -2.0})])])
    assert run(lambda x: x, check).earned == 2
    assert run(lambda x: -x, check).earned == 2
    assert run(abs, check).earned == 0
    assert "only by a convention" in run(abs, check).text()


def test_partial_points_follow_the_cases_and_never_exceed_the_part():
    cases = [Case({"x": n}) for n in range(3)]
    check = Check("same", "Same", reference=lambda x: x,
                  parts=[Part("a", 1, cases, partial=True), Part("b", 1, cases)])
    result = run(lambda x: min(x, 1), check)
    assert result.earned == pytest.approx(0.6667)
    assert [p.state for p in result.parts] == ["partly", "failed"]
    assert run(lambda x: x, check).earned == 2.0


def test_changed_arguments_are_noticed_and_the_next_case_gets_fresh_ones():
    seen = []

    def sorts(prices):
        seen.append(prices.tolist())
        prices.sort()
        return prices[0]

    check = Check("low", "Lowest", reference=lambda prices: prices.min(),
                  parts=[Part("p", 1, [Case({"prices": np.array([3.0, 1.0])})])])
    result = run(sorts, check)
    run(sorts, check)
    assert seen == [[3.0, 1.0], [3.0, 1.0]]
    assert result.earned == 1.0 and "changed its argument prices in place" in result.text()


def test_prints_and_warnings_do_not_reach_the_page_but_are_told():
    def chatty(x):
        print("looking at", x)
        return np.log(x)

    check = Check("log", "Log", reference=lambda x: float("-inf"),
                  parts=[Part("zero", 1, [Case({"x": 0.0})])])
    result = run(chatty, check)
    assert "Your code printed: looking at 0.0 | warning: divide by zero" in result.text()


def test_a_value_is_not_given_away():
    check = Check("spread", "Spread", kind="value", reference=0.0123,
                  parts=[Part("your value", 1)], tolerance=Tolerance(rtol=1e-3))
    assert run(0.0124, check, kind="value").earned == 0
    assert "0.0123," not in run(9.0, check, kind="value").text()
    assert "which is not right yet" in run(9.0, check, kind="value").text()
    assert run(0.0123, check, kind="value").earned == 1
    assert run(..., check, kind="value").unanswered
    assert "expected a number" in run("x", check, kind="value").text()


def test_arguments_taken_by_keyword_are_given_by_keyword():
    def fee(shares, *, rate):
        return shares * rate

    check = Check("fee", "Fee", reference=fee, by_keyword=("rate",),
                  parts=[Part("p", 1, [Case({"shares": 10, "rate": 0.1})])])
    assert run(fee, check).earned == 1.0


def test_a_table_case_says_row_and_column_and_how_to_try_it():
    quotes = pd.DataFrame({"bid": [1.0, 2.0], "ask": [1.5, 2.25]})
    check = Check("mid", "Mid", reference=lambda quotes: (quotes.bid + quotes.ask) / 2,
                  parts=[Part("p", 1, [Case({"quotes": quotes})])])
    text = run(lambda quotes: quotes.bid, check).text()
    assert "First difference: [0]: got 1.0, expected 1.25 (2 of 2 differ)." in text
    assert 'Try it: mid(**check.inputs("mid", 0))' in text


def test_a_students_instance_is_his_own_and_always_the_same():
    def inputs(student):
        return [case.inputs for case in plan(COST, "01", student).parts[1].cases]

    assert inputs("ada") == inputs("ada")
    assert inputs("ada") != inputs("bob")
    assert inputs(None) not in (inputs("ada"), inputs("bob"))


def test_published_checks_judge_visible_cases_like_the_declaration_and_hold_no_hidden_case():
    planned = plan(COST, "01")
    data = publish(planned)
    learner = from_published(data, "01")
    assert "98765" not in repr(data) and not learner.complete
    for function in (cost, abs, lambda side, quantity, price: (price - 100.0) * quantity, _blank):
        def answer(inputs, function=function):
            return call(function, "function", inputs)

        assert judge(learner, answer, hidden=False) == judge(planned, answer, hidden=False)
        assert judge(learner, answer, hidden=False) == judge(visible_only(planned), answer,
                                                             hidden=False)
    assert learner.points == planned.points


def test_answers_collected_before_are_judged_like_calls():
    planned = plan(COST, "01", "ada")
    outcomes = {case.key: call(cost, "function", case.inputs) for case in planned.cases()}
    assert judge_outcomes(planned, outcomes, hidden=True).earned == 6.0
    missing = {key: outcome for key, outcome in outcomes.items() if key != ("by hand", 1)}
    assert judge_outcomes(planned, missing, hidden=True).earned == 5.0
    assert judge_outcomes(planned, {}, hidden=True).earned == 0.0


def test_an_outcome_crosses_the_border_and_a_forged_one_earns_nothing():
    outcome = call(lambda x: {"a": np.arange(2)}, "function", {"x": 1})
    back = Outcome.from_wire(outcome.to_wire())
    assert back.value["a"].tolist() == [0, 1]
    for forged in (None, [], {}, {**outcome.to_wire(), "value": {"t": "pickle", "v": ""}},
                   {**outcome.to_wire(), "error": 5}, {**outcome.to_wire(), "changed": "x"}):
        assert Outcome.from_wire(forged).error == "BadAnswer"


def test_the_panel_escapes_what_learners_write_and_says_states_in_words():
    def hostile(side, quantity, price):
        raise ValueError("<script>alert(1)</script>")

    page = run(hostile).html()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "not yet" in page and "✗" in page
    assert run(cost).html().count("✓ passed") == 3


@pytest.mark.parametrize("answer", [
    2**1023 + 1, -(2**1023), {"k" * 10_000: "v" * 10_000}, ["\x1b[31mred\n" * 99],
    pd.DataFrame({"\x1b]0;x\x07" + "c" * 999: [1.0]}), [[[[[[1] * 50] * 50] * 50]]], float("nan"),
    "x" * 10**6, np.full(5, np.inf), {1: 2, None: 3, True: 4},
])
@pytest.mark.parametrize("expected", [1, 1.0, "a", [1.0, 2.0], {"a": 1}, True,
                                      pd.DataFrame({"c": [1.0]}), np.zeros((2, 2))])
def test_odd_answers_are_judged_in_a_few_printable_lines(answer, expected):
    check = Check("odd", "Odd", reference=lambda x: expected,
                  parts=[Part("p", 1, [Case({"x": 1})])])
    result = run(lambda x: answer, check)
    lines = result.parts[0].cases[0].lines
    assert result.earned == 0 and lines
    assert all(len(line) <= 1000 and line.isprintable() for line in lines)


def test_of_two_mistakes_that_fit_the_one_that_no_right_answer_denies_is_named():
    worst = Mistake("worst_first", lambda side, prices: max(prices) if side == "buy"
                    else min(prices), "you start at the worst price")
    upwards = Mistake("sorted_as_buy", lambda side, prices: min(prices), "sorted for a buy")
    best = Check("best", "Best price", mistakes=(worst, upwards),
                 reference=lambda side, prices: min(prices) if side == "buy" else max(prices),
                 parts=[Part("both sides", 1, [Case({"side": "buy", "prices": [3, 1, 2]}),
                                               Case({"side": "sell", "prices": [3, 1, 2]})])])
    result = judge(best, lambda inputs: Outcome(min(inputs["prices"])), hidden=True)
    assert [name for name, _ in result.mistakes] == ["sorted_as_buy"]
