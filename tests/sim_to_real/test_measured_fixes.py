"""What was measured of overfitting, fixes and attribution: stored whole, shown as it is, true to its claim."""

import doctest

import attribution_table
import fixes_tables
import matplotlib.pyplot as plt
import numpy as np
import pytest
import readme_parts

from lobsim.sim_to_real import (
    fixes_plot,
    learning_curve_plot,
    measured_curve,
    measured_fixes,
    measured_table,
    stored_fixes,
)


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(stored_fixes).failed == 0


def test_the_readme_shows_what_is_stored():
    assert readme_parts.shown("overfitting") == fixes_tables.overfitting()
    assert readme_parts.shown("fixes") == fixes_tables.fixes()
    assert readme_parts.shown("attribution") == attribution_table.section()


def test_one_history_was_found_out_and_many_were_not():
    curve = measured_curve().set_index("histories")
    assert curve.loc[1, "p_value"] < 0.01 and curve.loc[1, "low"] > 0
    assert curve["gap"].is_monotonic_decreasing and curve["p_value"].iloc[-1] > 0.05
    assert curve["fresh"].iloc[-1] > 0 > curve["fresh"].iloc[0]


@pytest.mark.parametrize("venue", ["against", "calm"])
def test_the_guard_never_deployed_what_is_worse_than_the_fallback(venue):
    found, table = measured_fixes()["venues"][venue], measured_table(venue)
    assert table.loc["fine-tuned, guarded", "excess_low"] <= 0
    for pilot, costs in zip(found["pilots"], found["fixed"]["fine-tuned, guarded"], strict=True):
        proved = pilot["proof"] is not None and pilot["proof"]["high"] < 0
        assert pilot["is_fallback"] != proved
        assert (costs == found["fallback"]) == pilot["is_fallback"]


def test_every_agent_was_played_on_the_same_days():
    settings = measured_fixes()["settings"]
    for found in measured_fixes()["venues"].values():
        shapes = {np.shape(costs) for costs in (found["simulated"], found["live"],
                                                *found["fixed"].values())}
        assert shapes == {(settings["seeds"], settings["days"])}
        assert len(found["fallback"]) == len(found["fallback_simulated"]) == settings["days"]


def test_pictures_show_every_row_with_its_interval():
    table = measured_table("calm")
    fig = fixes_plot(table)
    (ax,) = fig.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == table.index.tolist()
    assert "bps" in ax.get_xlabel()
    curve = measured_curve()
    fig = learning_curve_plot(curve)
    left, right = fig.axes
    assert left.lines[0].get_ydata() == pytest.approx(curve["own"].to_numpy())
    assert "bps" in left.get_ylabel() and "histories" in right.get_xlabel()
    plt.close("all")
    with pytest.raises(ValueError, match="measured were"):
        measured_table("elsewhere")
