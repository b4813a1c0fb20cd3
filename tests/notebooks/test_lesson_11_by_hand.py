"""Every number that lesson 11 works out by hand or claims of its run is recomputed here."""

import re

import numpy as np
import pandas as pd
import pytest
from reading import ROOT, Lesson, body_of, number, rows_of

from lobsim.course.declare import instance_rng
from lobsim.course.release_steps import PRIVATE_FILES
from lobsim.sim_to_real import confidence_sequence, ks_statistic, psi, shapley
from lobsim.sim_to_real.stored_attribution import measured_attribution
from lobsim.sim_to_real.stored_fixes import measured_curve, measured_table

LESSON = Lesson("11_live")
SWITCHES = ("order_latency", "fees", "queue", "reaction")


def floats(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"-?\d+\.\d+", text)]


def lines(short_id: str) -> list[str]:
    return LESSON.printed(short_id).splitlines()


def given(name: str) -> dict:
    return LESSON.checks[name].parts[0].cases[0].inputs


def table_of(short_id: str) -> dict[str, list[float]]:
    """Rows of a printed table by their first word."""
    return {line.split()[0]: floats(line) for line in lines(short_id) if floats(line)}


# -- two logs -------------------------------------------------------------------------------------


def test_the_loss_is_told_in_pairs_and_larger_than_the_gain_of_the_backtest():
    gain = floats(lines("logs-look")[0])
    assert gain[2] < 0
    mean, low, _, one, difference = floats(lines("logs-cost")[-1])
    assert low > 0 and mean > -gain[0]
    assert difference < 0.2 * one  # "in pairs the noise is gone"


def test_three_requests_have_the_offsets_of_the_table():
    rows, case = body_of(LESSON.text_of("clock-intro")), given("hops")
    for at, name in enumerate(("sent", "received", "told", "heard")):
        assert [number(row[at]) for row in rows] == case[name].tolist()
    offset = [float(row[4].strip("$").split("=")[1]) for row in rows]
    travel = ((case["heard"] - case["sent"]) - (case["told"] - case["received"])).tolist()
    assert travel == pytest.approx([number(row[5].split("=")[1]) for row in rows])
    assert (case["told"] - case["received"]).tolist() == pytest.approx(
        [number(row[6]) for row in rows])
    assert LESSON.by_hand("hops") == pytest.approx((np.median(offset), 0.4, 0.1))
    assert "offset 0.70 s, travel 0.4 s, held 0.1 s" in LESSON.printed("see-hops")


def test_a_late_clock_is_found_and_looks_like_latency_to_whoever_subtracts():
    told = [floats(line) for line in lines("clock-log")[1:]]
    assert [row[1] for row in told] == [0.0, 0.35, 0.0, 0.35]
    assert [row[4] for row in told] == [0.0, 0.35, 0.0, 0.35]
    assert [row[3] for row in told] == [0.0, 0.0, 1.8, 1.8]
    assert "1.8 s in the median" in LESSON.text_of("clock-text")


def test_four_messages_are_known_when_the_table_says():
    case, known = given("known_at"), LESSON.by_hand("known_at")
    colleague = next(m for m in LESSON.checks["known_at"].mistakes if m.name == "colleague")
    table = [row for row in rows_of(LESSON.text_of("bug-hand")) if len(row) == 4][2:]
    assert [number(row[0]) for row in table] == case["decided"].tolist()
    assert [row[2] for row in table] == ["NaN", *(f"{x:.0f}" for x in known[1:])]
    assert [number(row[3]) for row in table] == colleague.wrong(**case).tolist()
    assert "known [nan, 20.0, 20.0, 40.0]" in LESSON.printed("see-known-at")


def test_what_is_heard_tells_next_to_nothing():
    by_stamp, by_hearing = floats(lines("known-look")[-1])
    assert by_stamp > 0.3 and by_hearing < 0.25 * by_stamp


def test_the_parts_of_the_loss_add_up_and_rank_as_the_text_says():
    found = table_of("parts")
    parts = {name: found[name] for name in ("latency", "decisions", "prices", "fills", "fees")}
    assert sum(mean for mean, *_ in parts.values()) == pytest.approx(found["gap"][0], abs=0.03)
    assert parts["fees"] == pytest.approx([0.4, 0.4, 0.4])  # no width
    assert max(parts, key=lambda name: parts[name][0]) == "prices" and parts["prices"][1] > 0
    for name in ("latency", "decisions"):
        assert parts[name][1] < 0 < parts[name][2]
    assert "1.5" in lines("parts")[-1]


# -- drift ----------------------------------------------------------------------------------------


def test_eight_values_lie_apart_as_the_text_says():
    case, found = given("distances"), LESSON.by_hand("distances")
    assert found == pytest.approx((0.2747, 0.25), abs=5e-5)
    assert found[0] == pytest.approx(psi(case["reference"], case["live"], edges=case["edges"]))
    assert found[1] == pytest.approx(ks_statistic(case["reference"], case["live"]))
    text = LESSON.text_of("far-intro")
    assert "0.1733+0.1014=0.2747" in text and "$D=0.25$" in text
    assert "PSI 0.2747, KS 0.25" in LESSON.printed("see-distances")


def test_three_draws_move_as_the_table_says():
    case, rows = given("block_p"), body_of(LESSON.text_of("block-intro"))
    moved = []
    for k, row in enumerate(rows):
        drawn = []
        for own, starts, at in (("reference", case["starts_reference"], 0),
                                ("live", case["starts_live"], 2)):
            assert [int(x) for x in row[at].split(",")] == starts[k].tolist()
            values = [float(x) for x in row[at + 1].split(",")]
            wanted = [case[own][(s + j) % 4] for s in starts[k] for j in (0, 1)]
            assert values == wanted
            drawn.append(np.mean(values) - case[own].mean())
        moved.append(drawn[1] - drawn[0])
        assert number(row[4].split("=")[-1]) == moved[-1]
        assert row[5] == ("yes" if abs(moved[-1]) >= 1 else "no")
    assert LESSON.by_hand("block_p") == (1 + sum(abs(m) >= 1 for m in moved)) / 4 == 0.75
    assert "p = 0.75" in LESSON.printed("see-block-p")


def test_false_alarms_fall_with_the_length_of_blocks():
    naive = int(re.search(r"alarms in (\d+) %", LESSON.printed("alarm-naive"))[1])
    shares = floats(lines("alarm-blocks")[0])
    assert naive > 50 and shares[0] > 50
    assert all(a > b - 3 for a, b in zip(shares, shares[1:])) and shares[-1] < 20
    advised = int(re.search(r"(\d+) rows", lines("alarm-blocks")[1])[1])
    assert 15 <= advised <= 35  # "from about 20 rows on"


def test_of_the_columns_the_place_in_the_queue_alone_has_drifted():
    told = [line.split() for line in lines("report") if re.match(r"(KS|PSI)\s", line)]
    drifted = {row[1] for row in told if row[-1] == "drift"}
    assert drifted == {"queue_ahead"}
    assert LESSON.printed("report").startswith("Drift in queue_ahead, states")


# -- attribution ----------------------------------------------------------------------------------


def test_two_switches_share_as_the_text_says():
    share, text = LESSON.by_hand("shapley"), LESSON.text_of("blame-intro")
    assert share == pytest.approx([1.3, 0.8]) and r"$\phi=1.3$" in text and r"$\phi=0.8$" in text
    assert "shares [1.3, 0.8]" in LESSON.printed("see-shapley")


def test_the_exercise_says_what_the_library_says():
    table = pd.read_csv(LESSON.folder / "coalitions.csv").pivot(
        index="seed", columns="switches", values="cost_bps")
    found = shapley(lambda on: table[sum(1 << SWITCHES.index(s) for s in on)].to_numpy(), SWITCHES)
    own = np.array([LESSON.checks["shapley"].reference(row) for row in table.to_numpy()])
    assert own.T == pytest.approx(found.cases)
    printed = table_of("blame-table")
    assert [printed[name][0] for name in SWITCHES] == pytest.approx(found.values, abs=0.0051)
    assert printed["sum"][0] == pytest.approx((table[15] - table[0]).mean(), abs=0.0051)


def test_reaction_and_fees_are_to_blame_and_slow_orders_are_not():
    found = table_of("blame-table")
    assert found["reaction"][1] > 0 and found["fees"][1] > 0
    assert found["reaction"][0] > found["fees"][0] > found["queue"][0]
    assert not found["order_latency"][1] > 0
    assert "cost most: reaction, fees" in LESSON.printed("blame-table")


# -- the diagnosis --------------------------------------------------------------------------------


def part_named(words: str):
    return next(part for part in LESSON.checks["diagnose"].parts if words in part.name)


def planted(student: str) -> list[str]:
    part = part_named("your own")
    cases = part.cases(instance_rng("11_live", "diagnose", part.name, student))
    return [LESSON.checks["diagnose"].reference(**case.inputs)[0] for case in cases]


def test_each_student_has_other_desks_and_each_desk_another_cause():
    one, other = planted("ada"), planted("bea")
    assert len(set(one)) == len(set(other)) == 6 and one != other


def test_the_desks_of_the_lesson_are_the_ones_that_the_logs_were_made_with():
    assert "desk A: feed_latency" in LESSON.printed("see-diagnose")
    assert "desk B: regime" in LESSON.printed("see-diagnose")


def test_no_learner_gets_the_logs_of_hidden_desks():
    assert "checks_*.npz" in PRIVATE_FILES
    assert (LESSON.folder / "checks_logs.npz").is_file()
    released = ROOT / "lessons" / "11_live"
    assert {path.name for path in released.iterdir()} >= {"live_orders.csv", "live_logs.py"}
    assert not list(released.glob("*.npz"))


def test_symptoms_are_shared_as_the_text_says():
    names = LESSON.printed("suspects").splitlines()[0].split()
    rows = {line.split()[0]: dict(zip(names, floats(line))) for line in lines("suspects")[2:]}
    usual = rows.pop("nothing")
    for name, wanted in {
            "crossed": {"order_latency", "feed_latency", "stale_feed"},
            "spread_ticks": {"spread", "regime"}, "swing": {"volatility", "regime"},
            "report_delay_s": {"order_latency", "feed_latency", "ack_delay"},
            "ahead": {"queue"}, "fee_bps": {"fees"}, "refused": {"rejects"}}.items():
        reach = {"crossed": 0.05, "refused": 0.01, "fee_bps": 0.05}.get(name, 0.3)
        assert {c for c, row in rows.items() if row[name] - usual[name] > reach} == wanted, name
    thin = {cause for cause, row in rows.items() if row["depth"] < usual["depth"] - 0.025}
    assert {"flow", "spread", "regime"} <= thin


# -- LEAN, fixes, guard ---------------------------------------------------------------------------


def test_leans_rule_flatters_one_policy_and_turns_the_ranking_round():
    names = ("TWAP", "the agent")
    found, policy = {}, ""
    for line in lines("lean")[2:]:
        policy = next((name for name in names if line.startswith(name)), policy)
        rule = next(rule for rule in ("queue", "no_impact", "touch") if f" {rule} " in line)
        found[policy, rule] = floats(line)
    assert found["TWAP", "touch"][2] < -0.3 and found["TWAP", "no_impact"][2] < -0.3
    assert found["the agent", "no_impact"][2] < -0.5
    gap, half = found["the agent", "touch"][2:]
    assert abs(gap) < half
    assert found["the agent", "queue"][0] < found["TWAP", "queue"][0]
    assert found["the agent", "touch"][0] > found["TWAP", "touch"][0]


def test_three_days_are_enough_for_the_guard_of_the_text():
    low, high = confidence_sequence([2.0], [np.sqrt(1 / 3)], 1.0, alpha=0.05)
    text = LESSON.text_of("guard-intro")
    assert f"{low[0]:.3f} to {high[0]:.3f}" in text and f"={2 - low[0]:.3f}$" in text
    assert LESSON.by_hand("guard") == ("worse", 3)
    assert "('worse', 3)" in LESSON.printed("see-guard")


def test_the_guard_keeps_its_promise_and_the_daily_look_does_not():
    first, *rest = [re.findall(r"(\d+(?:\.\d+)?) ?%", line) for line in lines("peeking")]
    assert float(first[0]) > 20 and float(first[1]) < 6
    stopped = [float(row[0]) for row in rest]
    assert stopped[0] == 100 and stopped[0] > stopped[1] > 50 > stopped[2]


def test_the_model_answer_is_short_enough():
    answer = LESSON.text_of("ex-answer").split("=== BEGIN")[0]
    assert 120 <= len(answer.split()) <= 220


def test_one_history_is_learned_by_heart_and_many_are_not():
    curve = measured_curve().set_index("histories")
    assert curve.loc[1, "fresh"] < 0 < 4.5 < curve.loc[1, "own"]
    assert (curve.loc[[1, 4], "p_value"] < 0.05).all() and (curve.loc[16:, "p_value"] > 0.05).all()


def test_fixes_win_back_what_the_text_says():
    against, calm = measured_table("against"), measured_table("calm")
    assert against.loc["as it is", "excess_high"] < 0
    assert against.loc["re-calibrated", "gain_low"] > 0
    assert 0.05 < against.loc["re-calibrated", "share"] < 0.25
    for fix in ("random gaps", "fine-tuned, guarded"):
        assert against.loc[fix, "gain_low"] < 0 < against.loc[fix, "gain_high"]
    assert (calm["gain_low"].dropna() < 0).all()
    assert calm.loc["fine-tuned, guarded", "excess_bps"] == 0.0


def test_attribution_names_planted_switches_as_often_as_the_text_says():
    found = measured_attribution().drop(index="none")
    assert len(found) == 19 and (found["runs"] == 20).all() and found["first"].min() == 18
    never = set(found.index[found["first_unseeded"] == 0])
    assert never == {"reaction", "trend"}
