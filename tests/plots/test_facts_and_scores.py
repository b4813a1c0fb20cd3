"""Laws of the pictures of facts: numbers as measured, verdicts by shape, nothing left out."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from plot_markets import traded_market

from lobsim import plots
from lobsim.analytics import FACTS, TARGETS, Facts, facts_of, reference_facts, scorecard

START_S, END_S = 36_000.0, 43_200.0


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def facts(**numbers):
    return Facts(dict.fromkeys(FACTS, np.nan) | numbers, START_S, END_S,
                 np.array([30.0, 29, 28, 27, 26, 25]), np.array([60.0, 45, 30, 28, 26, 25]),
                 np.array([0.4, 0.3, 0.2, 0.1]))


CARD = scorecard(
    facts(gap_cv=1.05, one_tick_share=0.98, kurtosis_1s=900.0, obi_hit=0.58),
    {"gap_cv": (1.9, 4.0), "one_tick_share": (0.97, 1.0), "kurtosis_1s": (16, 90),
     "obi_hit": (0.6, 0.65), "sign_acf_1": (0.7, 0.8)},
    reasons={"gap_cv": "arrivals have no memory", "kurtosis_1s": "too many jumps",
             "obi_hit": "arrivals have no memory", "one_tick_share": "never told"},
)


def scores(card):
    """Row to the place and the shape of its marker, and all words of the picture."""
    fig = plots.scorecard_plot(card)
    ax = fig.axes[0]
    found = {round(c.get_offsets()[0][1]): (c.get_offsets()[0][0], len(c.get_paths()[0].vertices))
             for c in ax.collections}
    words = [text.get_text() for text in [*ax.texts, *fig.texts]]
    return found, words, fig


def test_values_lie_on_the_scale_of_their_region():
    found, _, _ = scores(CARD)
    for at, row in enumerate(CARD.rows.itertuples()):
        place = found[at][0]
        if row.verdict == "unknown":
            continue
        exact = (row.value - row.low) / (row.high - row.low)
        assert place == pytest.approx(np.clip(exact, -1.25, 2.25))
        assert (0 <= place <= 1) == (row.verdict == "inside")


def test_verdicts_differ_in_shape_as_well_as_in_colour():
    _, _, fig = scores(CARD)
    labels = {text.get_text() for text in fig.legends[0].get_texts()}
    assert labels == {"target region", "inside", "too low", "too high", "not known"}
    shapes = [handle.get_marker() for handle in fig.legends[0].legend_handles[1:]]
    assert len(set(shapes)) == 4


def test_every_fact_has_a_row_with_its_value_and_target():
    _, words, _ = scores(CARD)
    for row in CARD.rows.itertuples():
        assert any(word.split("  ")[0] == row.Index for word in words)
        assert f"{row.low:.3g} to {row.high:.3g}" in words
    assert "not known" in words and "1.05" in words


def test_distance_stands_beside_what_does_not_fit():
    _, words, _ = scores(CARD)
    far = CARD.rows.loc["kurtosis_1s", "distance"]
    assert f"{far:.2g} widths" in words


def test_reasons_of_misses_stand_below_once_and_are_numbered():
    _, words, fig = scores(CARD)
    notes = words[-1].splitlines()
    assert notes == ["1) arrivals have no memory", "2) too many jumps"]
    numbers = {word.split("  ")[0]: word.split("  ")[1] for word in words if word.endswith(")")
               and "  " in word}
    assert numbers["gap_cv"] == numbers["obi_hit"] != numbers["kurtosis_1s"]
    assert plots.scorecard_plot(CARD, notes=False).get_figheight() < fig.get_figheight()


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_a_card_of_nothing_known_and_an_empty_one_can_be_drawn(target):
    assert plots.png_bytes(plots.scorecard_plot(scorecard(facts(), target)))
    assert plots.png_bytes(plots.scorecard_plot(scorecard(facts(), {})))


def test_no_words_leave_the_picture_or_meet_each_other():
    values = {name: 0.5 * (t.low + t.high) * 40 for name, t in TARGETS["crypto"].items()}
    card = scorecard([facts(**values), facts(**{n: 1.1 * v for n, v in values.items()})], "crypto",
                     reasons=dict.fromkeys(values, "a long reason that needs room " * 8))
    fig = plots.scorecard_plot(card)
    fig.canvas.draw()
    boxes = [text.get_window_extent() for text in [*fig.axes[0].texts, *fig.texts]]
    width, height = fig.canvas.get_width_height()
    assert min(box.x0 for box in boxes) >= 0 and min(box.y0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= width and max(box.y1 for box in boxes) <= height
    lowest_label = fig.axes[0].xaxis.label.get_window_extent().y0
    assert fig.texts[-1].get_window_extent().y1 < lowest_label


def test_signature_is_the_facts_own_per_root_hour():
    given = facts()
    fig = plots.signature_plot({"a": given})
    mid, trade = fig.axes[0].lines[:2]
    scale = np.sqrt(3600 / (END_S - START_S))
    np.testing.assert_allclose(mid.get_ydata(), scale * given.signature_bps)
    np.testing.assert_allclose(trade.get_ydata(), scale * given.trade_signature_bps)
    assert mid.get_marker() != trade.get_marker()


def test_real_days_are_shown_as_facts_with_their_source():
    fig = plots.signature_plot({"a": facts(), "b": facts()}, reference=("BAC", "PERP"))
    flatness = reference_facts().loc["signature_flatness"]
    mid = dict(zip((0.1, 1, 10, 60, 300, 600), fig.axes[0].lines[0].get_ydata(), strict=True))
    ends = {tuple(np.round(line.get_ydata(), 9)) for line in fig.axes[0].lines[2:]}
    # Of captures of minutes the longest step is 10 s.
    assert ends == {(round(mid[60] * flatness["BAC"], 9), round(mid[60], 9)),
                    (round(mid[10] * flatness["PERP"], 9), round(mid[10], 9))}
    assert "Bank of America" in fig.get_supxlabel() and "perpetual" in fig.get_supxlabel()


def test_hits_and_signs_are_drawn_as_measured():
    buckets = {"obi_hit_0_25": 0.51, "obi_hit_25_50": 0.55, "obi_hit_50_75": 0.6,
               "obi_hit_75_100": 0.7}
    signs = {"sign_acf_1": 0.5, "sign_acf_5": 0.2, "sign_acf_10": -0.1}
    fig = plots.facts_plot({"a": facts(**buckets, **signs, trades_per_min=60.0)})
    memory, hits, volume, gaps = fig.axes
    assert list(hits.lines[0].get_ydata()) == list(buckets.values())
    drawn = memory.lines[0].get_ydata()
    assert list(drawn[:2]) == [0.5, 0.2] and np.isnan(drawn[2:]).all()  # none below 0 on a log axis
    noise = memory.lines[1].get_ydata()[0]
    assert noise == pytest.approx(2 / np.sqrt(60 * (END_S - START_S) / 60))
    assert volume.lines[0].get_ydata().sum() == pytest.approx(100)
    assert [line.get_label() for line in gaps.lines] == ["exponential"]  # facts know no gaps


def test_gaps_are_the_survival_of_the_markets_own():
    market = traded_market(3)
    recording = market.record()
    fig = plots.facts_plot({"market": market})
    line = fig.axes[3].lines[0]
    fills = recording.fills
    times = fills["time_ns"][np.diff(fills["message_index"], prepend=-1) != 0] / 1e9
    gaps = np.diff(times)
    for x, share in zip(line.get_xdata()[::20], line.get_ydata()[::20], strict=True):
        assert share == pytest.approx((gaps >= x * gaps.mean() * (1 - 1e-12)).mean())
    measured = facts_of(market)
    hits = [measured[f"obi_hit_{bucket}"] for bucket in ("0_25", "25_50", "50_75", "75_100")]
    np.testing.assert_array_equal(fig.axes[1].lines[0].get_ydata(), hits)
    assert np.isfinite(hits).any()


@pytest.mark.parametrize("call, error, text", [
    (lambda: plots.signature_plot({"a": facts()}, reference=("TSLA",)), ValueError, "'TSLA'"),
    (lambda: plots.signature_plot({}), ValueError, "there are 0 markets"),
    (lambda: plots.facts_plot({str(k): facts() for k in range(7)}), ValueError, "7 markets"),
    (lambda: plots.facts_plot([facts()]), TypeError, "mapping of names"),
])  # fmt: skip
def test_a_wrong_argument_is_refused_in_a_sentence(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_every_axis_says_what_it_measures():
    for fig in (plots.facts_plot({"a": facts()}), plots.signature_plot({"a": facts()}),
                plots.scorecard_plot(CARD)):
        for ax in fig.axes:
            assert ax.get_xlabel()
            assert ax.get_ylabel() or not len(ax.get_yticks())
