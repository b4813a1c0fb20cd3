"""The scorecard: verdicts, distances, averages over seeds, classes of markets, display."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.analytics import (FACTS, TARGETS, Facts, Target, facts_of, reference_facts, scorecard,
                              targets)
from lobsim.market import Market, profiles

pytestmark = pytest.mark.filterwarnings("error")


def facts(**numbers):
    return Facts(numbers, 36_000.0, 50_400.0)


@given(st.floats(-50, 50), st.floats(-10, 10), st.floats(0.1, 10))
def test_distance_is_in_widths_and_signed(value, low, width):
    card = scorecard(facts(gap_cv=value), {"gap_cv": (low, low + width)})
    row = card.rows.loc["gap_cv"]
    beyond = max(low - value, value - low - width, 0.0)
    assert row["verdict"] == ("inside" if row["distance"] == 0 else
                              "low" if value < low else "high")
    assert abs(row["distance"]) <= beyond / width + 1e-9
    assert beyond / width - abs(row["distance"]) <= 0.02 + 1e-9, "a rounded bound forgives 2 %"
    assert np.sign(row["distance"]) in (0, -1 if value < low else 1)
    assert card.mean_distance == abs(row["distance"])
    assert (card.inside, card.outside) == ((["gap_cv"], []) if row["distance"] == 0 else
                                           ([], ["gap_cv"]))


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=6))
def test_several_seeds_are_averaged_with_a_standard_error(values):
    card = scorecard((facts(gap_cv=value) for value in values), {"gap_cv": (1.9, 4.0)})
    row = card.rows.loc["gap_cv"]
    assert card.markets == len(values)
    assert row["value"] == pytest.approx(np.mean(values))
    assert row["stderr"] == pytest.approx(np.std(values, ddof=1) / np.sqrt(len(values)))


def test_one_market_has_no_standard_error_and_unknown_facts_are_not_judged():
    card = scorecard(facts(gap_cv=2.0, sign_acf_1=np.nan), "mid_tick")
    assert np.isnan(card.rows["stderr"]).all()
    assert card.inside == ["gap_cv"]
    assert set(card.unknown) == set(TARGETS["mid_tick"]) - {"gap_cv"}
    assert card.mean_distance == 0
    mixed = scorecard([facts(gap_cv=2.0), facts(gap_cv=np.nan)], {"gap_cv": (1.9, 4.0)})
    assert mixed.rows.loc["gap_cv", "value"] == 2.0


def test_farthest_miss_comes_first():
    card = scorecard(facts(gap_cv=1.0, one_tick_share=0.5), "large_tick")
    assert card.outside == ["one_tick_share", "gap_cv"]


@pytest.mark.parametrize(("spread", "market"), [(1, "large_tick"), (3, "mid_tick"),
                                                (15, "small_tick")])
def test_class_follows_the_spread(spread, market):
    assert scorecard(facts(spread_median_ticks=float(spread))).target == market


@pytest.mark.parametrize("market", TARGETS)
def test_every_region_is_of_a_fact_and_not_empty_and_says_where_it_is_from(market):
    for name, region in TARGETS[market].items():
        assert name in FACTS
        assert region.low < region.high, name
        assert any(sample in region.note for sample in targets.SAMPLES), name


@pytest.mark.parametrize("market", TARGETS)
def test_the_real_samples_lie_in_or_near_the_regions_of_their_class(market):
    """At least three in four values inside, and the middle of each fact's samples within a width:
    a region that real markets miss would be no target."""
    inside, all_of = 0, 0
    reference = reference_facts()
    for sample in targets._CLASSES[market]:
        card = scorecard(facts(**reference[sample].to_dict()), market)
        inside += len(card.inside)
        all_of += len(card.inside) + len(card.outside)
    assert inside / all_of > 0.75
    middle = scorecard([facts(**reference[name].to_dict()) for name in targets._CLASSES[market]],
                       market)
    far = middle.rows["distance"].abs()
    assert far.drop("depth_in_trades").max() < 1, "Binance's depth is of another order"


def test_adverse_selection_and_depth_of_the_samples_follow_from_their_parts():
    table = reference_facts()
    assert table.loc["adverse_selection_60s", "AMZN"] == pytest.approx(6.02 / 4.42)
    assert table.loc["depth_in_trades", "SPY"] == pytest.approx(5500 / 332)
    assert table.loc["signature_flatness", "IBM"] == pytest.approx(75 / 72)
    assert table.shape[1] == len(targets.SAMPLES)
    assert np.isnan(table.loc["cancel_to_limit", "SPY"])


@pytest.fixture(scope="module")
def market():
    market = Market("SPY", seed=3, record=True)
    market.advance(market.start_s + 1_800)
    return market


def test_a_market_is_measured_and_shown(market):
    card = scorecard(market)
    assert card.target == "large_tick"
    measured = facts_of(market)
    assert card.rows.loc["gap_cv", "value"] == measured.gap_cv
    text, page = str(card), card._repr_html_()
    for name in card.rows.index:
        assert name in text and name in page
    assert f"{len(card.inside)} of {len(card.inside) + len(card.outside)}" in text
    assert card.table().equals(card.rows) and card.table() is not card.rows
    assert scorecard(market.record(), "large_tick", tick_size=0.01).target == "large_tick"


def test_coins_are_judged_as_coins():
    market = Market(profiles["BTC-USD"], seed=3, record=True)
    market.advance(market.start_s + 600)
    assert scorecard(market).target == "crypto"


def test_reasons_stand_beside_misses_only_and_are_harmless_in_html(market):
    reasons = {"gap_cv": "arrivals <b>are</b> Poisson", "one_tick_share": "never needed"}
    regions = {"gap_cv": (50.0, 60.0), "one_tick_share": Target(0.0, 1.0, "anything goes")}
    card = scorecard(market, regions, reasons=reasons)
    assert card.rows["reason"].tolist() == ["", reasons["gap_cv"]]
    assert reasons["gap_cv"] in str(card)
    assert "arrivals &lt;b&gt;are&lt;/b&gt; Poisson" in card._repr_html_()
    assert "never needed" not in str(card)
    assert card.rows.loc["one_tick_share", "source"] == "anything goes"


def test_reasons_come_from_the_profile_where_it_names_facts():
    profile = profiles["SPY"].with_changes(misses={"gap_cv": "because"})
    market = Market(profile, seed=3, record=True)
    market.advance(market.start_s + 60)
    assert scorecard(market, {"gap_cv": (50.0, 60.0)}).rows.loc["gap_cv", "reason"] == "because"


def test_wrong_use_is_named():
    with pytest.raises(ValueError, match="no market"):
        scorecard([])
    with pytest.raises(ValueError, match="allowed are 'large_tick'"):
        scorecard(facts(gap_cv=1.0), "bonds")
    with pytest.raises(ValueError, match="there is no fact 'gap'"):
        scorecard(facts(gap_cv=1.0), {"gap": (1, 2)})
    with pytest.raises(ValueError, match="the first must be the smaller one"):
        scorecard(facts(gap_cv=1.0), {"gap_cv": (2, 1)})
    with pytest.raises(ValueError, match="give target="):
        scorecard(facts(gap_cv=1.0))
