"""Laws of the drift tests: few false alarms on persistent data, power, errors over many tests."""

import doctest
import math

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import false_discovery_control

from lobsim.sim_to_real import (
    benjamini_hochberg,
    drift_columns_plot,
    drift_evidence_plot,
    drift_text,
    find_drift,
    holm,
)
from lobsim.sim_to_real import drift_tests as module
from lobsim.sim_to_real.blocks import Pool, blocks_of, exchange_length, p_value
from lobsim.sim_to_real.drift_statistics import KS, PSI, psi_edges
from lobsim.sim_to_real.drift_tests import DRIFT, QUIET, TOO_LITTLE

matplotlib.use("Agg")

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def ar1(rng, rows, rho, columns=1):
    noise = rng.normal(size=(rows + 300, columns)) * math.sqrt(1 - rho**2)
    return lfilter([1.0], [1.0, -rho], noise, axis=0)[300:]


def frames(rng, rows=600, rho=0.5, columns=("spread", "depth", "action")):
    return [pd.DataFrame(ar1(rng, rows, rho, len(columns)), columns=list(columns))
            for _ in range(2)]


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(module).failed == 0


def test_persistent_data_without_drift_raise_three_to_eight_alarms_in_a_hundred():
    """AR(1) with rho .9; rows shuffled one by one cry wolf on the same data."""
    rng, n, draws, runs = np.random.default_rng(11), 2000, 39, 150
    alarms, naive = {"ks": 0, "psi": 0}, 0
    for _ in range(runs):
        sides = [ar1(rng, n, 0.9) for _ in range(2)]
        x = np.concatenate(sides)[:, 0]
        block = blocks_of(n, exchange_length(sides))
        pool = Pool(n, n, np.concatenate([block, block.max() + 1 + block]))
        statistics = {"ks": KS(x), "psi": PSI(x, psi_edges(x), 0.5 / n)}
        drawn = list(pool.permuted(draws, rng))
        for name, statistic in statistics.items():
            null = np.concatenate([statistic(measures) for measures in drawn])
            alarms[name] += p_value(statistic(pool.observed())[0], null) <= 0.05
        naive += statistics["ks"](pool.observed())[0] > 1.358 * math.sqrt(2 / n)
    reach = 3.3 * math.sqrt(0.05 * 0.95 / runs)
    for count in alarms.values():
        assert 0.03 - reach < count / runs < 0.08 + reach
    assert naive / runs > 0.4


def test_episodes_are_the_units_where_there_are_episodes():
    """A level that differs by episode is no drift, though it fills hundreds of rows."""
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        tables = []
        for _ in range(2):
            level = np.repeat(rng.normal(size=12), 25)
            tables.append(pd.DataFrame({"x": level + 0.2 * rng.normal(size=300),
                                        "day": np.repeat(np.arange(12), 25)}))
        result = find_drift(*tables, episode="day", draws=39, seed=seed)
        assert result.units == (12, 12) and math.isnan(result.block)
        alarms += result.row("ks", "x")["p_value"] <= 0.05
    assert alarms <= 5  # 1 expected; more than 5 have a chance of 3e-4


def test_a_shift_of_one_column_is_found_and_named():
    sim, live = frames(np.random.default_rng(1))
    live["depth"] += 1.0
    result = find_drift(sim, live, actions=["action"])
    assert result.drifted and result.worst_columns(1) == ["depth"]
    assert result.row("ks", "depth")["verdict"] == DRIFT
    assert result.row("ks", "spread")["verdict"] == QUIET
    assert result.row("mmd", "actions")["verdict"] == QUIET
    assert result.row("mmd", "states and actions")["verdict"] == DRIFT
    assert result.shifts.loc["depth", "mean_shift"] == pytest.approx(1.0, abs=0.4)


def test_a_policy_that_answers_states_otherwise_is_seen_in_the_joint_tests_alone():
    rng = np.random.default_rng(2)
    signal = rng.normal(size=600)
    action = np.round(0.8 * signal + 0.6 * rng.normal(size=600), 2)
    sim = pd.DataFrame({"signal": signal, "action": action})
    turned = np.empty(600)  # the same actions, the high ones where the low ones were
    turned[np.argsort(signal)] = action[np.argsort(signal)][::-1]
    result = find_drift(sim, pd.DataFrame({"signal": signal, "action": turned}),
                        actions=["action"], draws=199, block=1)
    rejected = {(row.test, row.what) for row in result.table.itertuples() if row.p_value <= 0.05}
    assert rejected == {("mmd", "states and actions"), ("classifier", "states and actions")}


def test_the_bootstrap_forms_find_the_shift_too():
    sim, live = frames(np.random.default_rng(3))
    live["spread"] += 1.0
    for null in ("stationary", "circular"):
        result = find_drift(sim, live, null=null, draws=499)
        assert result.row("ks", "spread")["p_value"] <= 0.01
        assert result.row("psi", "spread")["p_value"] <= 0.01
        assert result.row("mmd", "states")["p_value"] <= 0.01


def test_too_little_data_get_no_verdict():
    rng = np.random.default_rng(4)
    sim, live = (pd.DataFrame({"x": ar1(rng, 300, 0.99)[:, 0]}) for _ in range(2))
    live += 10.0
    result = find_drift(sim, live)
    assert not result.enough and not result.drifted
    assert (result.table["verdict"] == TOO_LITTLE).all()
    assert "Too little data" in drift_text(result)


def test_the_same_seed_gives_the_same_table():
    sim, live = frames(np.random.default_rng(5), rows=300)
    one, other = (find_drift(sim, live, seed=9, draws=99).table for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


@settings(max_examples=30, deadline=None)
@given(P_VALUES)
def test_adjusted_p_values_lie_between_the_raw_ones_and_bonferroni(p):
    p = np.array(p)
    a, b = holm(p), benjamini_hochberg(p)
    assert (p <= b + 1e-12).all() and (b <= a + 1e-12).all()
    assert (a <= np.minimum(1, p * len(p)) + 1e-12).all()
    assert b == pytest.approx(false_discovery_control(p))
    order = np.argsort(p, kind="stable")
    assert (np.diff(a[order]) >= 0).all() and (np.diff(b[order]) >= 0).all()


def test_holm_errs_as_rarely_as_it_says_and_raw_p_values_do_not():
    p = np.random.default_rng(6).random((2000, 20))
    errs = np.mean([(holm(row) <= 0.05).any() for row in p])
    assert abs(errs - (1 - (1 - 0.05 / 20)**20)) < 4 * math.sqrt(0.05 * 0.95 / 2000)
    assert (p <= 0.05).any(axis=1).mean() > 0.5


def test_draws_are_enough_for_holm_over_all_tests():
    rng = np.random.default_rng(7)
    names = [f"s{k}" for k in range(12)]
    sim, live = (pd.DataFrame(rng.normal(size=(60, 12)), columns=names) for _ in range(2))
    live["s3"] += 5.0
    result = find_drift(sim, live)
    assert len(result.table) == 26 and len(result.table) / (result.draws + 1) <= 0.025
    assert result.row("ks", "s3")["verdict"] == DRIFT


def test_wrong_tables_are_refused_with_the_column():
    sim, live = frames(np.random.default_rng(8), rows=50)
    with pytest.raises(ValueError, match="live has no column depth"):
        find_drift(sim, live.drop(columns="depth"))
    with pytest.raises(ValueError, match="live has 1 missing or infinite values in 'depth'"):
        find_drift(sim, live.assign(depth=[math.nan] + [0.0] * 49))
    with pytest.raises(ValueError, match="as a state and as an action"):
        find_drift(sim, live, states=["spread"], actions=["spread"])
    with pytest.raises(ValueError, match="null is 'shuffle'"):
        find_drift(sim, live, null="shuffle")
    with pytest.raises(ValueError, match="reference has 5 rows"):
        find_drift(sim[:5], live)


def test_the_report_names_every_test_and_the_pictures_label_every_axis():
    sim, live = frames(np.random.default_rng(9), rows=300)
    live["spread"] *= 2
    sim["side"], live["side"] = np.arange(300) % 2, np.arange(300) % 2
    result = find_drift(sim, live, actions=["action"], draws=199)
    text = drift_text(result, most=50)
    for row in result.table.itertuples():
        assert str(row.what) in text
    assert len([line for line in text.splitlines() if line.endswith(row.verdict)]) > 0
    figures = [drift_evidence_plot(result),
               drift_columns_plot(sim, live, ["spread", "side"], units={"spread": "ticks"})]
    for fig in figures:
        fig.canvas.draw()
        for ax in fig.axes:
            assert ax.get_xlabel()
    assert "(ticks)" in figures[1].axes[0].get_xlabel()
    assert len(figures[0].axes[0].collections) == len(result.table)
    shift = figures[1].axes[1].lines[1].get_ydata()
    share = np.linspace(0.01, 0.99, len(shift))
    wanted = np.quantile(live["spread"], share) - np.quantile(sim["spread"], share)
    assert shift == pytest.approx(wanted)
