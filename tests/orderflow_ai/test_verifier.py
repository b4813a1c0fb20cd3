"""The verifier: a number stands only if a cited call gave it, in its unit and at its rounding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.orderflow_ai.toolbox import Result, Value, load
from lobsim.orderflow_ai.verify import check_prose, problems_of

load()
RESULTS = {
    "t1": Result("t1", "shortfall", {"side": "buy"}, {
        "total_bps": Value(12.3456, "bps"), "delay_bps": Value(-3.21, "bps"),
        "total": Value(12_345.6, "$"), "orders": Value(80, "count"),
        "fill": Value(0.9912, "share")},
        ("2025-01-17", "0117-4"), (), (), {}),
    "t2": Result("t2", "spreads", {"horizon_s": 30.0}, {"ratio": Value(2.1, "times")}, (), (), (),
                 {}),
}


@pytest.mark.parametrize("sentence", [
    "The cost was 12.35 bps [t1].", "It cost 12.3 bps, or 12,346 $ [t1].", "It cost $12.3k [t1].",
    "Delay was -3.2 bps [t1].", "Delay lowered the cost: it fell by 3.2 bps [t1].",
    "Delay was \u22123.21 bps [t1].", "99.1% of 80 orders were filled [t1].",
    "Order 0117-4 of 2025-01-17 is the dearest [t1].", "It rose to 2.1 times [t2].",
    "It doubled [t2].", "Within 30 s it was 12.35 bps [t1, t2].", "1. It cost 12 bps [t1].",
    "Nothing here is a number.", "It did not double.", "\uff11\uff12.35 bps it was [t1].",
])
def test_a_number_of_a_cited_call_stands(sentence):
    assert problems_of(sentence, RESULTS) == []


@pytest.mark.parametrize("sentence", [
    "The cost was 12.35 bps.", "The cost was 12.35 bps [t2].", "The cost was 12.35 bps [t9].",
    "The cost was 12.36 bps [t1].", "The cost was 13 bps [t1].", "The cost was -12.35 bps [t1].",
    "The cost was 12.35 $ [t1].", "The cost was 12.35% [t1].", "Delay was +3.21 bps [t1].",
    "Delay was 3.21 bps [t1].", "About twelve bps were paid [t1].", "It doubled [t1].",
    "It tripled [t2].", "It cost 12.35e3 bps [t1].", "It cost 12.35.1 bps [t1].",
    "It was \u00bd bps [t1].", "Order 0117-5 is the dearest [t1].", "It was 2025-01-18 [t1].",
    "Some x12.35 bps [t1].", "It cost \u2167 bps [t1].", "It cost 12.3456 million $ [t1].",
    "It cost 1" + "0" * 400 + " bps [t1].", "It cost 1e999999 bps [t1].",
])
def test_any_other_number_is_struck(sentence):
    assert problems_of(sentence, RESULTS) != []


@given(value=st.floats(0.01, 1e5), decimals=st.integers(0, 4), off=st.integers(1, 50))
def test_a_value_stands_at_every_rounding_and_falls_when_a_digit_is_off(value, decimals, off):
    results = {"t1": Result("t1", "spreads", {}, {"x_bps": Value(value, "bps")}, (), (), (), {})}
    assert problems_of(f"It is {value:.{decimals}f} bps [t1].", results) == []
    other = round(value, decimals) + (off + 1) * 10.0**-decimals
    assert problems_of(f"It is {other:.{decimals}f} bps [t1].", results) != []


@given(st.text(max_size=80))
def test_whatever_a_model_writes_is_judged_without_an_error(text):
    checked = check_prose(text, RESULTS)
    assert all(problems_of(sentence, RESULTS) == [] for sentence in checked.kept)


def test_sentences_are_judged_one_by_one_with_the_citations_after_them():
    text = "It cost 12.35 bps. [t1] Fees were 7 bps. [t1]\n- 80 orders [t1]."
    checked = check_prose(text, RESULTS)
    assert len(checked.kept) == 2 and [s for s, _ in checked.struck] == ["Fees were 7 bps [t1]."]
