"""A planted gap is named, its size and cost are found, and luck is not blamed."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real.attribution import BLIND, FOUND, RULED_OUT, attribute
from lobsim.sim_to_real.attribution_report import (attribution_plot, attribution_text,
                                                   gap_parts_plot)
from lobsim.sim_to_real.day_measures import MEASURES, RESOLUTION
from lobsim.sim_to_real.gap_parts import parts_table, split_gap
from lobsim.sim_to_real.laboratory import COST, Laboratory, Response, Responses, learn_responses

SETTINGS = ExecutionSettings(profile="MIDCAP", quantity=6000, horizon_s=300, interval_s=10,
                             side="random", guard_s=60, ahead_s=60, offsets=(-1, 0, 1),
                             sizes=(1.0,))
GAPS = ("fees", "queue", "order_latency", "volatility", "spread")
LIVE = (31, 32, 33)


def rule(seen):
    """Rests at the best, crosses when late."""
    return [5] if seen[0, 2] > 0.1 else [3]


@pytest.fixture(scope="module")
def learned():
    laboratory = Laboratory(SETTINGS, rule, range(5))
    return laboratory, learn_responses(laboratory, gaps=GAPS, sizes=(1.0,))


@pytest.mark.parametrize(("gap", "size"), [("fees", 0.8), ("queue", 1.3), ("order_latency", 1.2),
                                           ("volatility", 0.9), ("spread", 1.1)])
def test_the_one_gap_that_was_planted_is_named_and_no_other(learned, gap, size):
    laboratory, responses = learned
    live = laboratory.play([(gap, size)], LIVE, label="live")
    found = attribute(live, laboratory, responses, seeds=LIVE, rerun=False)
    assert [one.name for one in found.found] == [gap]
    row = found.table.iloc[0]
    assert row["low"] < size < row["high"] or row["size"] == pytest.approx(size, rel=0.35)


def test_two_gaps_are_named_and_their_costs_add_up_to_what_is_explained(learned):
    laboratory, responses = learned
    live = laboratory.play(["fees=2", "spread"], LIVE, label="live")
    found = attribute(live, laboratory, responses, seeds=LIVE)
    assert {one.name for one in found.found} == {"fees", "spread"}
    shares = found.table.set_index("cause")["shapley_bps"].dropna()
    assert shares.sum() == pytest.approx(found.explained.mean)
    assert found.explained.mean + found.unexplained.mean == pytest.approx(found.gap.mean)
    fees = found.table.set_index("cause").loc["fees"]
    assert fees["shapley_bps"] == pytest.approx(0.4, abs=0.05)  # bps of what was traded
    text = attribution_text(found)
    assert text.startswith("Found: ") and "unexplained" in text and "would show" in text
    for fig in (attribution_plot(found), gap_parts_plot(parts_table(
            [split_gap(live[0], laboratory, LIVE[0])]))):
        assert fig.axes
        plt.close(fig)


def test_where_nothing_differs_nothing_is_blamed(learned):
    laboratory, responses = learned
    live = laboratory.play((), LIVE, label="live")
    found = attribute(live, laboratory, responses, seeds=LIVE)
    assert found.found == () and not (found.table["verdict"] == FOUND).any()
    assert found.gap.mean == found.explained.mean == found.unexplained.mean == 0
    assert attribution_text(found).startswith("Nothing is blamed")


# -- the search by itself: days that are drawn and not simulated ---------------------------------


class Drawn:
    """Stands for a laboratory whose days are draws of a normal law."""

    def __init__(self, seed, base=80):
        self.rng = np.random.default_rng(seed)
        m = len(MEASURES)
        mixing = np.eye(m) + 0.3 * self.rng.normal(size=(m, m)) / np.sqrt(m)
        self.mixing = mixing * 10 * np.array(list(RESOLUTION.values()))[:, None]
        self.prints = {gap: self.mixing @ self.rng.normal(size=m) for gap in GAPS}
        self.responses = Responses(self.days(base), {
            name: Response(name, np.array([1.0]), value[None], 0 * value[None], np.zeros((1, 4)))
            for name, value in self.prints.items()}, 10)

    def days(self, n, **sizes):
        moved = sum((x * self.prints[name] for name, x in sizes.items()), 0)
        rows = self.rng.normal(size=(n, len(MEASURES))) @ self.mixing.T + moved
        return pd.DataFrame(rows, columns=MEASURES).assign(**{COST: self.rng.normal(size=n)})


def test_luck_is_blamed_no_more_often_than_alpha_says():
    """With a chance of 5 % each, 30 runs have 6 alarms or more less than one time in a hundred."""
    alarms = 0
    for seed in range(30):
        drawn = Drawn(seed)
        found = attribute(drawn.days(8), drawn, drawn.responses, rerun=False)
        alarms += (found.table["verdict"] == FOUND).any()
    assert alarms <= 5


def test_a_fingerprint_that_is_there_is_found_at_its_size_and_two_are_told_apart():
    sizes, sets = [], []
    for seed in range(12):
        drawn = Drawn(seed)
        live = drawn.days(12, fees=1.0, spread=0.5)
        found = attribute(live, drawn, drawn.responses, rerun=False)
        sets.append({one.name for one in found.found})
        sizes.append(found.table.set_index("cause").loc["fees", "size"])
    assert sum(one == {"fees", "spread"} for one in sets) >= 10
    assert np.nanmean(sizes) == pytest.approx(1.0, abs=0.1)


def test_a_cause_without_a_sign_is_ruled_out_only_where_it_would_have_shown():
    drawn = Drawn(3)
    weak = drawn.responses.by_gap["queue"]
    drawn.responses.by_gap["queue"] = Response("queue", weak.sizes, 1e-3 * weak.mean, weak.spread,
                                               weak.cost)
    table = attribute(drawn.days(12), drawn, drawn.responses, rerun=False).table
    verdict = table.set_index("cause")["verdict"]
    assert verdict["queue"] == BLIND and verdict["fees"] == RULED_OUT


def test_a_response_is_a_line_through_the_sizes_that_were_tried():
    answer = Response("trend", np.array([1.0, 2.0]), np.array([[2.0], [6.0]]),
                      np.array([[1.0], [1.0]]), np.zeros((2, 3)))
    assert [answer.at(x)[0][0] for x in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, -1.5)] == [
        0, 1, 2, 4, 6, 10, -4]
    assert answer.at(0.5)[1][0] == 0.5


def test_wrong_use_is_refused(learned):
    laboratory, responses = learned
    days = responses.base
    with pytest.raises(ValueError, match="at least 2"):
        attribute(days.iloc[:1], laboratory, responses)
    with pytest.raises(ValueError, match="each day needs its own"):
        attribute(days, laboratory, responses, seeds=[1])
    with pytest.raises(ValueError, match="alpha is 2"):
        attribute(days, laboratory, responses, alpha=2)
    with pytest.raises(ValueError, match="positive and rise"):
        learn_responses(laboratory, sizes=(2.0, 1.0))
    with pytest.raises(ValueError, match="each once"):
        Laboratory(SETTINGS, rule, [1, 1])
    with pytest.raises(ValueError, match="leave start_s"):
        Laboratory(ExecutionSettings(start_s=(36_000, 37_000)), rule, [1])
