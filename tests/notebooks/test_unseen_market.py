"""Lesson 13's unseen markets: one for each name, an oddity that is on the tape, fair marks."""

import importlib.util
import inspect
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from lobsim.course import calling
from lobsim.course.declare import load_checks
from lobsim.course.judge import judge

FOLDER = Path(__file__).resolve().parents[2] / "solutions" / "13_interview_lab"


def _module():
    spec = importlib.util.spec_from_file_location("unseen_market", FOLDER / "unseen_market.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MARKET = _module()
CHECKS = {check.name: check for check in load_checks(FOLDER / "checks_capstone.py")}


def test_a_name_is_one_market_and_another_name_another():
    first, again, other = (MARKET.Desk(name) for name in ("ada", "ada", "bea"))
    for a, b in zip(first.tape(1), again.tape(1), strict=True):
        assert a.equals(b)
    assert not first.tape(1).quotes.equals(first.tape(2).quotes)
    assert first.shares != other.shares
    mids = [desk.tape(0).quotes["bid"].iloc[0] for desk in (first, other)]
    assert mids[0] != mids[1]


def test_days_of_the_desk_are_the_same_for_every_policy_and_in_any_block():
    desk, twap = MARKET.Desk("ada"), MARKET.benchmarks()["TWAP"]
    whole = desk.trade({"a": twap}, days=4)
    late = desk.trade({"b": MARKET.benchmarks()["VWAP"], "a": twap}, days=2, first=2)
    late = late[late["policy"] == "a"]
    assert late["day"].tolist() == [2, 3]
    assert late["cost_bps"].tolist() == whole["cost_bps"].tolist()[2:]


def test_what_a_desk_is_asked_for_does_not_tell_its_oddity():
    desk = MARKET.Desk("ada")
    open_names = [name for name in dir(desk) if not name.startswith("_")]
    assert sorted(open_names) == ["name", "shares", "tape", "trade"]


def test_an_unknown_oddity_is_told_in_one_sentence():
    with pytest.raises(ValueError, match="must be one of drought, trend"):
        MARKET.Desk("ada", "flood")


@lru_cache(maxsize=None)
def practice(suspect):
    return MARKET.Desk("another practice", suspect).tape(0)


def _moves(suspect, rows):
    quotes = practice(suspect).quotes
    return np.diff(((quotes["bid"] + quotes["ask"]) / 2).to_numpy()[::rows])


def _neighbours(moves):
    return np.corrcoef(moves[1:], moves[:-1])[0, 1]


# Measured otherwise than the lesson does, so that the two cannot share a fault.
SIGNS = {
    "drought": lambda s: practice(s).trades.query("42_300 <= time_s < 42_900")["shares"].sum()
    < 0.55 * practice(s).trades["shares"].sum() / 12,
    "trend": lambda s: _neighbours(_moves(s, 12)) > 0.25,
    "overshoot": lambda s: _neighbours(_moves(s, 4)) < -0.12,
    "hidden": lambda s: np.mean([p not in (b, a) for p, b, a in practice(s).trades[
        ["price", "bid", "ask"]].round(2).to_numpy()]) > 0.1,
    "inverted": lambda s: practice(s).blotter.groupby("kind")["fee"].sum()["make"] > 0,
    "storms": lambda s: (np.ptp(practice(s).quotes.eval("ask - bid").rolling(60).mean().dropna())
                         > 1.5 * practice(s).quotes.eval("ask - bid").median()),
}  # fmt: skip


@pytest.mark.parametrize("suspect", MARKET.SUSPECTS)
def test_a_planted_oddity_is_on_the_tape_and_no_other_is(suspect):
    assert {name for name, sign in SIGNS.items() if sign(suspect)} == {suspect}


def _marks(name, answer, student):
    check = CHECKS[name]
    return judge(check, lambda inputs: calling.call(answer, "function", inputs),
                 lesson="13_interview_lab", student=student, hidden=True)


def _reference(name):
    check = CHECKS[name]
    shown = next(part for part in check.parts if part.visible)
    cases = shown.cases(None) if callable(shown.cases) else shown.cases
    names = list(cases[0].inputs)
    if name == "claim":
        names = ["desk", "seen"]
    return lambda *given: check.reference(**dict(zip(names, given, strict=True)))


def twap(seen, desk):
    now, left = seen["decision"].to_numpy(), seen["shares_left"].to_numpy()
    take = np.where(now % 3 == 0, left / np.ceil((60 - now) / 3), 0)
    return np.stack([np.where(now >= 59, left, take), 0 * left, 0 * left], axis=1)


def idle(seen, desk):
    return np.zeros((len(seen), 3))


# A market of trends, in which a gain is hardest to see. Those of a dozen students more are played
# by tests/benchmarks/capstone_students.py.
@pytest.mark.parametrize("student", ["student-2"])
def test_the_reference_earns_full_marks_at_a_students_desk_and_naive_trading_few(student):
    for name, check in CHECKS.items():
        result = _marks(name, _reference(name), student)
        assert result.earned == check.points, result.text()
    assert _marks("act", twap, student).earned <= 5
    assert _marks("act", idle, student).earned == 0


def test_a_policy_that_gives_no_orders_for_some_day_ends_the_game():
    def short(seen, desk):
        return np.zeros((len(seen) - 1, 3))

    assert _marks("act", short, None).earned == 0


def test_the_module_does_not_name_what_it_draws():
    assert "peculiar" not in inspect.getsource(MARKET.Desk.trade) + inspect.getsource(
        MARKET.Desk.tape)
