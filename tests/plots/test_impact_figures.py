"""Figures of impact: they show the numbers of the experiment, with intervals, laws and units."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lobsim import plots
from lobsim.analytics.impact_results import (ImpactCurve, MetaorderImpact, RoundTrip,
                                             fit_power_law, mean_interval, relaxation_law)
from lobsim.analytics.impact_runs import Leg
from lobsim.analytics.round_trips import Trip

matplotlib.use("Agg")

U = np.concatenate([np.linspace(0, 1, 11), [1.5, 2, 3]])
SIGMA = 70.0


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def made(share, noise=0.05, side="buy"):
    """An experiment whose paths are the law, with noise from seed to seed."""
    dice = np.random.default_rng(round(share * 1e6))
    peak = SIGMA * np.sqrt(share)
    paths = peak * relaxation_law(U) * (1 + noise * dice.normal(size=(20, 1)))
    costs = pd.DataFrame({"impact": 2 / 3 * paths[:, 10], "paired": paths[:, 10]})
    leg = Leg(side, 1e6 * share, 36_000.0, 600.0, 40)
    return MetaorderImpact(leg, 0.95, U, leg.start_s + 600 * U, paths, 0.6, costs,
                           np.full(20, leg.quantity))


def curve(protocol="participation", value=0.1):
    shares = np.array([1e-4, 1e-3, 1e-2])
    runs = tuple(made(share) for share in shares)
    peaks = np.column_stack([run.peaks_bps for run in runs])
    law = fit_power_law(shares, peaks)
    return ImpactCurve(protocol, value, shares, SIGMA, runs, law, law)


def trip(mean, name="even", scale=0.3):
    gains = mean + scale * np.random.default_rng(3).normal(size=30)
    return RoundTrip(Trip(name, 60.0, 60.0), 1000.0, gains * 3, gains, 0.95)


def every_figure():
    return {
        "path": plots.impact_path(made(1e-3)),
        "paths": plots.impact_path({"buy": made(1e-3), "sell": made(2e-3, side="sell")}),
        "size": plots.impact_against_size([curve(), curve("duration", 1800.0)]),
        "gains": plots.round_trip_gains([trip(0.4, "pump"), trip(-1.0)]),
        "distribution": plots.round_trip_distribution(trip(-1.0)),
    }


def test_every_axis_has_a_unit_or_a_meaning():
    for name, fig in every_figure().items():
        for ax in fig.axes:
            words = ax.get_xlabel() + ax.get_ylabel()
            assert "bps" in words, name
            assert ax.get_title(loc="left"), name


def test_equal_input_gives_equal_bytes():
    first = {name: plots.png_bytes(fig) for name, fig in every_figure().items()}
    plt.close("all")
    assert first == {name: plots.png_bytes(fig) for name, fig in every_figure().items()}


def test_no_text_leaves_the_picture():
    for name, fig in every_figure().items():
        fig.canvas.draw()
        whole = fig.bbox
        for ax in fig.axes:
            legend = ax.get_legend()
            texts = [ax.xaxis.label, ax.yaxis.label, ax._left_title,
                     *(legend.get_texts() if legend else []),
                     *(ax.get_yticklabels() if name == "gains" else [])]
            for text in texts:
                box = text.get_window_extent()
                if text.get_text():
                    assert box.x0 >= whole.x0 - 1 and box.x1 <= whole.x1 + 1, (name, text)


def test_path_shows_the_mean_its_band_and_the_law_scaled_to_its_peak():
    run = made(1e-3)
    ax = plots.impact_path(run).axes[0]
    shown = next(line for line in ax.lines if len(line.get_xdata()) == len(U))
    assert shown.get_ydata() == pytest.approx(run.paths_bps.mean(axis=0))
    law = next(line for line in ax.lines if len(line.get_xdata()) == 300)
    assert max(law.get_ydata()) == pytest.approx(run.peaks_bps.mean(), rel=0.01)
    band = next(c for c in ax.collections if hasattr(c, "get_paths"))
    corners = band.get_paths()[0].vertices[:, 1]
    _, low, high = mean_interval(run.paths_bps)
    assert corners.max() == pytest.approx(high.max()) and low[10] in corners


def test_path_without_law_draws_no_law():
    ax = plots.impact_path(made(1e-3), law=False).axes[0]
    assert not any(len(line.get_xdata()) == 300 for line in ax.lines)


def test_size_figure_is_logarithmic_and_tells_the_exponent_with_its_interval():
    found = curve()
    ax = plots.impact_against_size(found).axes[0]
    assert ax.get_xscale() == ax.get_yscale() == "log"
    words = " ".join(text.get_text() for text in ax.get_legend().get_texts())
    assert f"{found.peak.exponent:.2f}" in words and "10 % of the volume" in words
    assert f"[{found.peak.exponent_low:.2f}, {found.peak.exponent_high:.2f}]" in words
    points = ax.containers[0].lines[0]
    assert points.get_xdata() == pytest.approx(100 * found.shares)
    assert points.get_ydata() == pytest.approx([run.peaks_bps.mean() for run in found.runs])


def test_protocols_differ_in_marker_and_dashes_as_well_as_colour():
    ax = plots.impact_against_size([curve(), curve("duration", 1800.0)]).axes[0]
    a, b = (box.lines[0] for box in ax.containers)
    assert a.get_marker() != b.get_marker() and a.get_color() != b.get_color()
    words = " ".join(text.get_text() for text in ax.get_legend().get_texts())
    assert "within 30 min" in words


def test_gains_and_losses_differ_in_shape():
    trips = [trip(0.4, "pump"), trip(-1.0)]
    ax = plots.round_trip_gains(trips).axes[0]
    marks = [box.lines[0] for box in ax.containers]
    assert [mark.get_marker() for mark in marks] == ["^", "o"]
    assert [mark.get_xdata()[0] for mark in marks] == pytest.approx(
        [done.mean_bps for done in trips])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["pump", "even"]


def test_distribution_counts_every_seed_and_shows_zero():
    fig = plots.round_trip_distribution(trip(-1.0))
    for ax in fig.axes:
        heights = [bar.get_height() for bar in ax.patches if bar.get_height() >= 1
                   and bar.get_y() == 0 and float(bar.get_height()).is_integer()]
        assert sum(heights) >= 30
        low, high = ax.get_xlim()
        assert low <= 0 <= high


def test_nothing_to_draw_is_an_error():
    for draw, nothing in ((plots.impact_path, {}), (plots.impact_against_size, []),
                          (plots.round_trip_gains, [])):
        with pytest.raises(ValueError, match="there is no"):
            draw(nothing)
