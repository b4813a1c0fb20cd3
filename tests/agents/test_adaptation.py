"""Laws of adaptation: days differ by the shock alone, and what takes no notice shows none."""

import adaptation_table
import numpy as np
import pandas as pd
import pytest
import readme_parts
from desk import DESK, SHORT

from lobsim.agents.adaptation import (
    PHASES,
    SHOCKS,
    ShockedUniverse,
    adaptation,
    by_phase,
    measured_adaptation,
)
from lobsim.agents.desk_rules import LinearPace
from lobsim.envs.portfolio_rules import POVDay, TWAPDay
from lobsim.market.parts import Shocks
from small_markets import START_S

DAY = dict(universe=DESK, names=3, start_s=START_S, horizon_s=1200.0, interval_s=60.0)


@pytest.fixture(scope="module")
def found():
    policies = {"TWAP": TWAPDay(), "POV": POVDay(), "constant": LinearPace({"constant": 0.2}),
                "watchful": [LinearPace({"volume": 1.0}), LinearPace({"volume": 0.5})]}
    return adaptation(policies, shocks=("drought",), days=4, seed=3, num_envs=2, **DAY)


def test_a_shocked_day_is_the_same_day_with_one_more_shock():
    shocked = ShockedUniverse(DESK, "widening", START_S + 60, 5.0)
    for mine, theirs in zip(shocked.day(5), DESK.day(5), strict=True):
        before, after = theirs.part(Shocks).shocks, mine.part(Shocks).shocks
        assert after[:-1] == before and after[-1].slack_ticks < 0
        assert (after[-1].shock_start_s, after[-1].shock_minutes) == (START_S + 60, 5.0)
    calm = ShockedUniverse(DESK, None, START_S, 5.0).day(5)
    assert [one.parts for one in calm] == [one.parts for one in DESK.day(5)]
    with pytest.raises(ValueError, match="shock is 'flood'; it must be one of"):
        ShockedUniverse(DESK, "flood", START_S, 5.0)


def test_nothing_differs_before_the_shock_begins(found):
    early = found[found["phase"] == "before"].drop(columns=["shock", "client_bps"])
    quiet, shocked = (early[(found["shock"] == name)[early.index]].reset_index(drop=True)
                      for name in ("none", "drought"))
    assert len(quiet) == len(shocked) > 0 and quiet.equals(shocked)


def test_what_takes_no_notice_decides_the_same_and_what_looks_does_not(found):
    shift = by_phase(found, "shift").set_index(["policy", "phase"])
    assert shift.loc[("constant", "during"), "difference"] == pytest.approx(0)
    assert shift.loc[("watchful", "during"), "difference"] < 0
    assert np.isnan(shift.loc[("TWAP", "during"), "quiet"])


def test_a_share_of_the_volume_slows_down_in_a_drought_and_a_clock_does_not(found):
    pace = by_phase(found).set_index(["policy", "phase"])["difference"]
    assert pace[("POV", "during")] < 0 and pace[("POV", "before")] == 0
    assert abs(pace[("TWAP", "during")]) < 0.2 * abs(pace[("POV", "during")])


def made_up(seed=0):
    """Paces by lot: one policy of one member and one of two, of which a day is over early."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame([
        {"policy": policy, "member": member, "shock": shock, "seed": day, "phase": phase,
         "minute": minute, "pace": rng.normal()}
        for policy, members in (("one", 1), ("two", 2)) for member in range(members)
        for shock in ("none", "drought") for day in range(5) for phase in PHASES
        for minute in range(3) if not (phase == "after" and policy == "two" and day == 0)])


def test_several_members_are_one_policy_with_the_mean_of_all():
    own = made_up().query("policy == 'two'")
    rows, *each = (by_phase(some)["difference"] for some in (
        own, *(one for _, one in own.groupby("member"))))
    assert rows.to_numpy() == pytest.approx(np.mean(each, axis=0))
    found = by_phase(own)
    assert (found["low"] < found["difference"]).all()
    assert (found["difference"] < found["high"]).all()


def test_less_a_rival_is_the_difference_of_the_two_on_days_that_both_have():
    table = made_up()
    plain = by_phase(table).set_index(["policy", "phase"])["difference"]
    beside = by_phase(table, rival="one").set_index(["policy", "phase"])["difference"]
    assert set(beside.index.get_level_values("policy")) == {"two"}
    for phase in PHASES[:2]:
        assert beside["two", phase] == pytest.approx(plain["two", phase] - plain["one", phase])
    common = by_phase(table[table["seed"] > 0]).set_index(["policy", "phase"])["difference"]
    assert beside["two", "after"] == pytest.approx(common["two", "after"] - common["one", "after"])
    with pytest.raises(ValueError, match="rival is 'nobody'; the table has one, two"):
        by_phase(table, rival="nobody")


def test_blocks_are_done_and_phases_follow_each_other(found):
    assert set(found["phase"]) == set(PHASES) and set(SHOCKS) > {"drought"}
    done = found.groupby(["policy", "member", "shock", "seed"])["pace"].sum()
    assert (done[["TWAP", "constant"]] > 80).all() and (done <= 100 + 1e-9).all()
    assert (found["taken"] <= found["pace"] + 1e-9).all()


def test_the_sentences_of_the_readme_are_those_of_the_stored_measurement():
    assert readme_parts.shown("adaptation") == adaptation_table.section()


def test_the_stored_measurement_is_of_all_shipped_agents_and_all_shocks():
    told = measured_adaptation()
    assert told["settings"]["agents"] >= 5 and told["settings"]["days"] >= 20
    assert {(row["shock"], row["phase"]) for row in told["rows"]} == {
        (shock, phase) for shock in SHOCKS for phase in PHASES}
    pace = {(row["policy"], row["shock"], row["phase"]): row["difference"]
            for row in told["rows"] if row["column"] == "pace"}
    for row in told["beside"]:
        if row["column"] == "pace":
            key = row["shock"], row["phase"]
            assert row["difference"] == pytest.approx(
                pace["PPO", *key] - pace[row["rival"], *key], abs=2e-4)
