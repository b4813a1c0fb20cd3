"""Every number that lesson 12 works out by hand or claims of its run is recomputed here.

The section on the analyst has a file of its own, ``test_lesson_12_analyst_by_hand.py``.
"""

import math
import re

import numpy as np
import pytest
from reading import Lesson, body_of, number

from lobsim.orderflow_ai import load_model
from lobsim.orderflow_ai.flow_measured import measured_flow
from lobsim.orderflow_ai.forecast_judging import NETWORK
from lobsim.orderflow_ai.stored_forecast import measured_scores
from lobsim.orderflow_ai.tokens_layout import FIELD_NAMES, VOCABULARY

LESSON = Lesson("12_learned_flow")


def floats(text: str) -> list[float]:
    return [float(x.replace("−", "-")) for x in re.findall(r"[-−+]?\d+\.\d+", text)]


def lines(short_id: str) -> list[str]:
    return LESSON.printed(short_id).splitlines()


def given(name: str, case: int = 0) -> dict:
    return LESSON.checks[name].parts[0].cases[case].inputs


# -- labels ---------------------------------------------------------------------------------------


def test_ten_mids_have_the_labels_of_the_table():
    rows, case = body_of(LESSON.text_of("bug-hand")), given("labels")
    labels, threshold = LESSON.by_hand("labels")
    assert [number(row[1]) for row in rows] == case["mid"].tolist()
    for t, row in enumerate(rows[:-case["horizon"]]):
        mean = case["mid"][t + 1:t + case["horizon"] + 1].mean()
        assert (number(row[2]), number(row[3])) == (mean, mean - case["mid"][t])
        crosses = t < case["learn"] <= t + case["horizon"]
        assert row[4] == ("crosses" if crosses else "yes" if t < case["learn"] else "")
    assert [number(row[5]) for row in rows] == labels.tolist()
    assert threshold == 1.75 and r"\theta=1.75" in LESSON.text_of("bug-hand")
    assert "threshold 1.75" in LESSON.printed("see-labels")


def test_a_label_that_is_half_known_scores_on_a_coin_and_an_honest_one_does_not():
    half, honest = (floats(line) for line in lines("bug-after")[1:])
    assert half[0] > 0.55 and abs(honest[0] - 1 / 3) < 0.04
    assert half[1] == honest[1] and abs(half[1]) < 0.25  # within two standard errors of nothing
    assert f"macro F1 {half[0]:.2f}" in LESSON.printed("colleague-look")


# -- the forecaster -------------------------------------------------------------------------------


def test_ten_calls_score_as_the_text_says():
    text = LESSON.text_of("net-intro")
    score = np.mean([6 / (5 + 4), 4 / (3 + 4), 2 / (2 + 2)])
    for told in ("6/(5+4)=0.667", "4/(3+4)=0.571", "2/(2+2)=0.5", f"macro $F_1={score:.3f}$"):
        assert told in text
    assert 0.8 - 0.5 - 0.5 == pytest.approx(-0.2) and "loses 0.2" in text


def test_the_table_of_forecasts_is_the_stored_one_and_no_market_pays():
    own = measured_scores().query("judged == world")
    assert len(lines("net-stored")) == 1 + len(own)
    for line, (_, row) in zip(lines("net-stored")[1:], own.iterrows(), strict=True):
        assert line.split()[0] == row["world"]
        assert floats(line)[-1] == pytest.approx(row["net_bps"], abs=0.0051)
    assert own["net_bps_high"].max() < 0  # "nobody earns"
    gain = own[own["model"] == NETWORK].set_index(["world", "horizon"])
    made = gain.loc["LOBM"]
    assert (made["f1_gain_low"] < 0).all() and made.loc[30, "f1_gain_high"] < 0
    for share, told in (("GOOG", "0.04 on GOOG"), ("AMZN", "0.03 on AMZN")):
        assert gain.loc[(share, 10), "f1_gain_low"] > 0
        assert f"{gain.loc[(share, 10), 'f1_gain']:.2f}" in told
        assert told in LESSON.text_of("net-stored-text")
    assert gain.loc[("GOOG", 100), "f1_gain_low"] < 0 > gain.loc[("AMZN", 100), "f1_gain_high"]
    assert f"loses {-own['net_bps'].max():.1f} bps a trade" in LESSON.text_of("net-stored-text")
    assert f"A score of {gain.loc[('GOOG', 10), 'f1']:.2f}" in LESSON.text_of("net-stored-text")


# -- words ----------------------------------------------------------------------------------------


def test_two_orders_are_spelled_as_the_table_says():
    rows = body_of(LESSON.text_of("words-intro"))
    for case, row in enumerate(rows):
        zone, distance, spelled, unit, count, counted = row[1:]
        words = [int(zone), *map(int, spelled.split(",")), int(unit), *map(int, counted.split(","))]
        given_case = given("spell", case)
        assert LESSON.checks["spell"].reference(**given_case) == words
        own = given_case["bid"] if given_case["side"] > 0 else given_case["bid"]
        assert abs(given_case["price"] - own) == int(distance)
        assert int(count) * (given_case["lot"] if unit == "0" else 1) == given_case["size"]
    for words in ("[0, 9, 1, 0, 10, 1]", "[2, 18, 2, 1, 27, 13, 0]"):
        assert words in LESSON.printed("see-spell")


def test_words_come_back_and_are_the_librarys():
    assert LESSON.printed("words-day").count("read back the same: 100%") == 4
    off = int(re.search(r"at most (\d+)% off", LESSON.printed("words-day"))[1])
    assert off <= 17 and "off by up to a sixth" in LESSON.text_of("words-text")
    assert "100.0% spelled as the library does" in LESSON.printed("words-check")
    assert f"has {VOCABULARY} of them" in LESSON.text_of("words-text")


# -- surprise -------------------------------------------------------------------------------------


def test_six_words_surprise_as_the_table_says():
    rows = body_of(LESSON.text_of("bits-intro"))
    flat, markov, message = LESSON.by_hand("surprise")
    for row, mean in zip(rows, (flat, markov), strict=True):
        told = [number(x) for x in row[1:]]
        assert told[3] == pytest.approx(mean, abs=5e-4)
        assert told[3] == pytest.approx(np.mean(told[:3]), abs=1e-3)
    text = LESSON.text_of("bits-intro")
    for chance, told in (((2 + 3 / 7) / 4, "0.607"), ((2 + 4 / 7) / 3, "0.857"),
                         ((1 + 4 / 7) / 4, "0.393")):
        assert f"{chance:.3f}" == told and told in text
    assert f"2.290/2={message:.3f}" in text
    assert f"{flat:.3f}, Markov {markov:.3f}" in LESSON.printed("see-surprise")


def test_the_tables_differ_where_the_text_says():
    found = {line.split()[0]: floats(line) for line in lines("bits-day")[2:]}
    less = {name: a - b for name, a, b in zip(FIELD_NAMES, found["unigram"], found["Markov"])}
    assert abs(less["TIME"]) < 0.05 and abs(less["EVENT"]) < 0.1
    assert min(less["PRICE"], less["SIZE"], less["DIGIT"]) > 0.05


# -- attention and masks --------------------------------------------------------------------------


def test_three_tokens_see_what_the_table_says():
    rows = body_of(LESSON.text_of("att-intro"))
    told = [number(row[4]) for row in rows]
    wide, short = (LESSON.checks["attend"].reference(**given("attend", k)).ravel() for k in (0, 1))
    assert told == pytest.approx([wide[0], wide[1], wide[2], short[2]])
    assert "window 3 9.0 4.2 5.0" in LESSON.printed("see-attend")
    assert "window 2 9.0 4.2 4.5" in LESSON.printed("see-attend")


def test_two_events_are_barred_as_the_table_says():
    masked, retried = LESSON.by_hand("barred")
    rows = body_of(LESSON.text_of("mask-intro"))
    model = (given("barred")["first"][:, None] * given("barred")["second"]).ravel()
    assert [number(x) for x in rows[0][1:]] == pytest.approx(model.tolist())
    assert [number(x) for x in rows[1][1:]] == masked.ravel().tolist()
    assert [number(x.split("=")[-1]) for x in rows[2][1:]] == pytest.approx(
        retried.ravel().tolist(), abs=5e-4)
    assert "only one in eleven" in LESSON.text_of("mask-text")
    assert retried[0].sum() == pytest.approx(1 / 11)


def test_your_heads_are_the_models():
    assert "your heads are the model's" in LESSON.printed("att-check")


# -- the model, measured --------------------------------------------------------------------------


def test_the_stored_perplexities_are_the_printed_ones():
    rows = {row["model"]: row for row in measured_flow()["perplexity"]}
    for line in lines("stored-bits")[2:-1]:
        name, told = line.split()[0], floats(line)
        assert told[7] == pytest.approx(sum(rows[name]["bits"].values()), abs=0.0051)
        if len(told) > 8:  # of Markov itself there is no difference
            assert told[8] == pytest.approx(-rows[name]["less_nats"] / math.log(2), abs=0.0051)


def test_the_text_reads_the_stored_perplexities_as_they_are():
    rows = {row["model"]: row for row in measured_flow()["perplexity"]}
    bits = {name: row["bits"] for name, row in rows.items()}
    whole = {name: sum(own.values()) for name, own in bits.items()}
    assert min(whole, key=whole.get) == "transformer"
    assert 12.5 < whole["transformer"] < 13
    gain = rows["transformer"]["less_nats"] / math.log(2)
    assert gain == pytest.approx(0.25, abs=0.02)  # "a quarter of a bit"
    assert 2 ** gain == pytest.approx(1.2, abs=0.03)  # "a fifth more likely"
    for field in ("EVENT", "PRICE", "LEVEL", "PLACE"):
        assert min(bits, key=lambda name: bits[name][field]) == "transformer"
    assert bits["Hawkes"]["TIME"] < bits["transformer"]["TIME"]  # "a hair ahead"
    spent, text = measured_flow()["training"], LESSON.text_of("stored-bits-text")
    assert f"{spent['parameters']:,}" in text and f"of {spent['steps']:,} steps" in text
    assert round(spent["cpu_min"]) == 11 and spent["days"] == 16
    first, *_, last = spent["log"]
    assert f"After {first['steps']} of" in text
    assert f"at {first['validation'] / math.log(2):.2f} bits" in text
    assert f"at the end at {last['validation'] / math.log(2):.2f}" in text
    assert len(rows["transformer"]["nats_per_message"]) == 8 and "eight held-out" in text


def test_the_text_reads_the_real_day_as_it_is():
    bits = {row["model"]: row["bits"] for row in measured_flow()["real"]}
    whole = {name: sum(own.values()) for name, own in bits.items()}
    text, own = LESSON.text_of("stored-bits-text"), whole["transformer"]
    assert f"{whole['Markov'] - own:.2f} bits a message less than the Markov table" in text
    assert f"{whole['Hawkes'] - own:.2f} less than Hawkes" in text
    gain = {name: bits["Markov"][name] - bits["transformer"][name] for name in FIELD_NAMES}
    assert max(gain, key=gain.get) == "EVENT"  # "most of it with the event"
    assert bits["transformer"]["TIME"] < min(bits[name]["TIME"] for name in ("Hawkes", "Markov"))
    assert f"transformer {own:.2f}, Markov" in lines("stored-bits")[-1]


def test_the_window_is_half_a_second():
    shape, rate = load_model()[0].shape, 62
    messages = shape.window / 4.4
    assert messages == pytest.approx(29, abs=0.5)
    assert messages / rate == pytest.approx(0.5, abs=0.05)
    assert f"{shape.window} words are some 29 messages" in LESSON.text_of("train-intro")


def test_the_text_reads_the_stored_facts_as_they_are():
    flows = measured_flow()["facts"]["flows"]
    away = {name: row["away"] for name, row in flows.items()}
    fitted = ("Poisson", "Hawkes", "queue-reactive")
    assert away["held-out, other days"] < away["learned"] < min(away[name] for name in fitted)
    assert set(flows["learned"]["far"]) == {"sign_acf_10", "adverse_selection_10s", "ofi_r2_10s"}
    for name, told in zip(("learned", "Hawkes", "Poisson"), ("1.2", "2.4", "2.0")):
        assert f"{away[name]:.1f}" == told and f"{told}" in LESSON.text_of("ex-answer")
    assert [line.split("  ")[0] for line in lines("stored-facts")[1:]] == list(flows)


def test_the_text_reads_the_stored_answers_as_they_are():
    rows = {(row["flow"], row["size"]): row for row in measured_flow()["response"]}
    true, own, text = (rows["held-out", 500], rows["learned", 500],
                       LESSON.text_of("stored-response-text"))
    assert own["horizon_s"] == [0.0, 1.0, 5.0, 30.0]
    for flow in ("held-out", "learned", "Poisson", "Hawkes", "queue-reactive"):
        assert rows[flow, 500]["mean"][0] == pytest.approx(0.45, abs=0.06)  # "the same half tick"
    assert f"at {true['mean'][1]:.2f} ticks" in text
    assert f"at {own['mean'][1]:.2f} ({own['low'][1]:.2f}, {own['high'][1]:.2f})" in text
    assert true["mean"][1] > 2 * own["mean"][1] and own["high"][1] < true["low"][1]
    assert f"from −{-own['low'][3]:.2f} to {own['high'][3]:.2f}" in text
    assert f"by {rows['Hawkes', 2000]['mean'][3]:.1f} ticks in thirty seconds" in text
    assert f"has {rows['held-out', 2000]['mean'][3]:.1f}." in text
    without = rows["held-out, without Impact", 500]
    assert f"{without['mean'][1]:.2f} ticks after a second" in text and without["high"][1] < 0.05
    assert next(iter(rows))[0] == "held-out, without Impact"  # "the first row tells"
    assert {row["pairs"] for row in rows.values() if row["flow"] in ("held-out", "learned")} == {24}
    assert f"moved {true['mean'][1]:.2f} ticks, the model's {own['mean'][1]:.2f}" in (
        LESSON.text_of("ex-answer"))


def test_nothing_that_the_model_says_is_refused():
    assert re.search(r"\b0 refused", LESSON.printed("speak"))


def test_the_copy_is_closest_and_knows_its_day_by_heart_and_does_not_answer():
    medians = dict(re.findall(r"([a-zA-Z -]+?) (\d+\.\d)", lines("judge-facts")[-2].split(":")[1]))
    apart = {name.strip(" ,"): float(x) for name, x in medians.items()}
    assert apart["copy"] < apart["message model"] < min(apart["Hawkes"], apart["Poisson"])
    heart = {line[:15].strip(): float(re.search(r"([\d.]+)%", line)[1])
             for line in lines("copy-look")}
    assert heart["copy"] == 100.0 and heart["message model"] < heart["held-out day"] + 5
    answers = {line[:15].strip(): floats(line) for line in lines("response")}
    assert answers["copy"][2::2] == [0.0] * 3 and answers["true market"][-2] > 0.3


def test_the_model_answer_is_short_enough():
    answer = LESSON.text_of("ex-answer").split("=== BEGIN")[0]
    assert 120 <= len(answer.split()) <= 220


def test_no_placeholder_is_left():
    assert not [name for name in LESSON.cells if "PLACEHOLDER" in "".join(
        LESSON.cells[name]["source"])]
