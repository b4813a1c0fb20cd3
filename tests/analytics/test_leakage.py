"""Laws of information leakage: features of the tape, the detector, and the area under the curve."""

import itertools

import numpy as np
import pandas as pd
import pytest

from lobsim.analytics import LeakageDetector, LeakDay, auc, auc_difference, auc_of, tape_features
from lobsim.analytics.leakage import SIGNED, UNSIGNED

NS = 10**9
LENGTH_S = 600


def made_tape(seed, *, side=0, child=0, every_s=20):
    """Ten minutes of a made-up tape; a parent on `side` sends `child` shares every `every_s`."""
    rng = np.random.default_rng(seed)
    n = 1200
    time = np.sort(rng.integers(0, LENGTH_S * NS, n))
    size, sign = rng.choice([100, 200, 300, 500], n), rng.choice([-1, 1], n)
    if side:
        own = np.arange(every_s, LENGTH_S, every_s) * NS
        time = np.append(time, own)
        size, sign = np.append(size, np.full(len(own), child)), np.append(sign, [side] * len(own))
        order = np.argsort(time, kind="stable")
        time, size, sign = time[order], size[order], sign[order]
    mid_ticks = 10_000 + np.cumsum(rng.choice([-1, 0, 1], LENGTH_S, p=[0.05, 0.9, 0.05]))
    quotes = pd.DataFrame({"time_ns": np.arange(LENGTH_S) * NS, "bid": mid_ticks / 100,
                           "bid_size": rng.integers(1, 30, LENGTH_S) * 100,
                           "ask": (mid_ticks + 1) / 100,
                           "ask_size": rng.integers(1, 30, LENGTH_S) * 100})
    trades = pd.DataFrame({"time_ns": time, "price": 100.0, "size": size, "sign": sign})
    return trades, quotes


def seen(trades, quotes, **changes):
    given = dict(step_s=60, start_s=0, end_s=LENGTH_S,
                 expected_volume=lambda time_s: 400.0 * time_s) | changes
    return tape_features(trades, quotes, 300, **given)


def day(seed, **parent):
    total = parent.get("child", 0) * (LENGTH_S / parent.get("every_s", 20))
    return LeakDay(seen(*made_tape(seed, **parent)), parent.get("side", 0),
                   total / (total + 1200 * 275))


def alternate(seeds, child):
    return [day(s, side=1 if s % 2 else -1, child=child) for s in seeds]


@pytest.fixture(scope="module")
def null_days():
    return [day(seed) for seed in range(32)]


@pytest.fixture(scope="module")
def crude():
    """Days with a fifth of the volume traded by the clock in equal parts."""
    return alternate(range(32), 2800)


@pytest.fixture(scope="module")
def detector(null_days, crude):
    return LeakageDetector().fit(null_days[:16] + crude[:16])


def test_area_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 6, 23), rng.integers(0, 5, 31)
    pairs = [(a > b) + 0.5 * (a == b) for a, b in itertools.product(x, y)]
    assert auc(x, y) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert auc(x, y) + auc(y, x) == pytest.approx(1.0)


def test_interval_covers_one_half_as_often_as_it_says_when_nothing_is_told():
    rng = np.random.default_rng(2)
    inside = [found.ci_low <= 0.5 <= found.ci_high for found in
              (auc_of(*rng.normal(size=(2, 40)), draws=400, seed=k) for k in range(200))]
    assert 0.89 <= np.mean(inside) <= 0.99


def test_interval_without_an_error_is_no_point():
    found = auc_of([3.0, 4.0, 5.0], [0.0, 1.0, 2.0])
    assert found.value == found.ci_high == 1.0 and found.ci_low == pytest.approx(0.025**(1 / 3))


def test_difference_of_a_strategy_to_itself_is_nothing():
    scores = np.random.default_rng(3).normal(size=(2, 20))
    found = auc_difference(scores[0], scores[0], scores[1])
    assert (found.value, found.ci_low, found.ci_high) == (0.0, 0.0, 0.0)


def test_features_do_not_change_with_the_unit_of_price():
    trades, quotes = made_tape(4, side=1, child=500)
    dear = quotes.assign(bid=8 * quotes["bid"], ask=8 * quotes["ask"])
    scaled = seen(trades.assign(price=800.0), dear, tick_size=0.08)
    pd.testing.assert_frame_equal(scaled, seen(trades, quotes), rtol=1e-9)


def test_features_do_not_change_with_the_unit_of_size():
    trades, quotes = made_tape(4, side=1, child=500)
    more = quotes.assign(bid_size=4 * quotes["bid_size"], ask_size=4 * quotes["ask_size"])
    scaled = seen(trades.assign(size=4 * trades["size"]), more,
                  expected_volume=lambda time_s: 1600.0 * time_s)
    pd.testing.assert_frame_equal(scaled, seen(trades, quotes), rtol=1e-9)


def mirrored(trades, quotes):
    """Buyers and sellers swap places about a price of 100."""
    return trades.assign(sign=-trades["sign"]), pd.DataFrame({
        "time_ns": quotes["time_ns"], "bid": (200 - quotes["ask"]).round(2),
        "bid_size": quotes["ask_size"], "ask": (200 - quotes["bid"]).round(2),
        "ask_size": quotes["bid_size"]})


def test_mirror_turns_the_signed_features_and_leaves_the_others():
    tape = made_tape(5, side=1, child=2000)
    one, other = seen(*tape), seen(*mirrored(*tape))
    np.testing.assert_allclose(other[list(SIGNED)], -one[list(SIGNED)], atol=1e-9)
    plain = [name for name in UNSIGNED if name != "spread_bps"]  # over a mid that is not the same
    np.testing.assert_allclose(other[plain], one[plain], atol=1e-9)


def test_detector_sees_the_other_side_in_the_mirror(detector):
    tape = made_tape(40, side=1, child=1500)
    one, other = seen(*tape), seen(*mirrored(*tape)).assign(spread_bps=seen(*tape)["spread_bps"])
    np.testing.assert_allclose(detector.lean(other), -detector.lean(one), atol=1e-9)
    assert detector.day_side(one) == 1 and detector.day_side(other) == -1


def test_future_of_the_tape_changes_nothing():
    trades, quotes = made_tape(6, side=-1, child=900)
    until = 420 * NS
    past = seen(trades[trades["time_ns"] < until], quotes[quotes["time_ns"] <= until], end_s=420)
    assert len(past) == 3
    pd.testing.assert_frame_equal(past, seen(trades, quotes).iloc[:3])


def test_clock_of_a_side_is_found_and_its_side_told():
    ordinary = seen(*made_tape(7))
    clocked = seen(*made_tape(7, side=1, child=2800))
    assert (clocked["period"] > ordinary["period"] + 0.5).all()
    assert (clocked["period_side"] > 0.5).all()


def test_size_that_one_side_repeats_is_found():
    repeated = seen(*made_tape(8, side=-1, child=700, every_s=3))
    assert (repeated["repeat_side"] < -0.05).all() and (repeated["repeat"] > 0.15).all()


def test_crude_periodic_parent_is_found_on_unseen_days(detector, null_days, crude):
    with_order = [detector.day_score(d.features) for d in crude[16:]]
    without = [detector.day_score(d.features) for d in null_days[16:]]
    assert auc(with_order, without) > 0.9
    assert np.mean([detector.day_side(d.features) == d.side for d in crude[16:]]) > 0.9


def test_labels_drawn_by_lot_teach_nothing():
    rng = np.random.default_rng(9)
    days = [day(seed) for seed in range(100, 148)]
    areas = []
    for _ in range(8):
        label = rng.permutation(np.repeat([0, 0, 1, -1], 12))
        called = [d._replace(side=int(side)) for d, side in zip(days, label)]
        found = LeakageDetector().fit(called[:24])
        score = np.array([found.day_score(d.features) for d in called[24:]])
        areas.append(auc(score[label[24:] != 0], score[label[24:] == 0]))
    assert abs(np.mean(areas) - 0.5) < 3 * np.std(areas, ddof=1) / len(areas)**0.5


def test_a_larger_order_is_plainer_and_seen_as_larger(detector):
    score, share = zip(*[
        np.mean([(detector.day_score(d.features), detector.day_share(d.features))
                 for d in alternate(range(60, 68), child)], axis=0)
        for child in (300, 1000, 2800)])
    assert score[0] < score[1] < score[2] and share[0] < share[1] < share[2]


def test_penalty_shrinks_the_coefficients(null_days, crude):
    days = null_days[:8] + crude[:8]
    size = [np.linalg.norm(list(LeakageDetector(ridge).fit(days).coefficients.values())[1:])
            for ridge in (0.01, 0.1, 1.0)]
    assert size[0] > size[1] > size[2] > 0


@pytest.mark.parametrize("days, told", [
    (lambda d: [d], "without one"), (lambda d: [d, d._replace(side=2)], "allowed: -1, 0")])
def test_days_that_teach_nothing_are_refused(null_days, days, told):
    with pytest.raises(ValueError, match=told):
        LeakageDetector().fit(days(null_days[0]))


def test_windows_that_are_no_whole_seconds_are_refused():
    with pytest.raises(ValueError, match="whole number of at least 60"):
        tape_features(*made_tape(1), 60.5)


def test_names_that_repeat_their_day_make_no_interval_narrower():
    x, y = np.random.default_rng(4).normal(size=(2, 20))
    many, days = [np.repeat(one, 5) for one in (x + 0.5, y)], np.repeat(np.arange(20), 5)
    once = auc_of(x + 0.5, y)
    assert auc_of(*many, days=days) == pytest.approx(once)
    alone = auc_of(*many)
    assert alone.ci_high - alone.ci_low < 0.7 * (once.ci_high - once.ci_low)
    found = auc_difference(many[0], many[1], many[1], days=days)
    assert found == pytest.approx(auc_difference(x + 0.5, y, y))
    with pytest.raises(ValueError, match="paired is False"):
        auc_of(x, y, paired=False, days=np.arange(20))
