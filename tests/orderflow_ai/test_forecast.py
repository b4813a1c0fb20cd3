"""Forecasts of the mid: no leakage, scores that mean what they say, costs that are paid."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from lobsim.cli import app
from lobsim.data import bundled, read_lobster
from lobsim.engine import OrderBook
from lobsim.orderflow_ai.book_windows import (DepthDay, Scale, depth_day, depth_of_lobster,
                                              depth_of_recording, embargo_of, flow_features,
                                              mid_moves, mirrored, move_labels, reach, split_day,
                                              usable_rows)
from lobsim.orderflow_ai.forecast import (DepthNet, Part, fit_linear, fit_network, labels_of,
                                          threshold_of)
from lobsim.orderflow_ai.forecast_judging import judge_forecasts, parts_of, train_forecasts
from lobsim.orderflow_ai.forecast_scores import (block_interval, class_f1, forecast_trades,
                                                 macro_f1, pick_edge, pick_flat, told_of)
from lobsim.orderflow_ai.tokens import Tokenizer
from lobsim.orderflow_ai.tokens_layout import FIELDS, NUMBERS, VOCABULARY


def day_of(seed, n=3_000, pull=1.0):
    """A book of two levels whose thinner side gives way: imbalance foretells the mid."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 10, (n, 2, 2)) * 100.0
    lean = (sizes[:, 0, 0] - sizes[:, 1, 0]) / (sizes[:, 0, 0] + sizes[:, 1, 0])
    steps = np.sign(lean) * (rng.random(n) < pull * np.abs(lean))
    steps += rng.choice([-1, 0, 1], n, p=[0.02, 0.96, 0.02])
    bid = 1_000 + np.concatenate([[0], np.cumsum(steps[:-1])])
    bids, asks = np.column_stack([bid, bid - 1]), np.column_stack([bid + 1, bid + 2])
    return depth_day(np.arange(n) * 10**9, bids, sizes[:, 0], asks, sizes[:, 1])


def test_a_label_is_the_mean_mid_ahead_less_the_mid_now():
    day = day_of(0, 200)
    moves = mid_moves(day, 7)
    for t in (0, 50, len(day.mid) - 8):
        assert moves[t] == pytest.approx(day.mid[t + 1:t + 8].mean() - day.mid[t])
    assert np.isnan(moves[-7:]).all() and np.isfinite(moves[:-7]).all()
    first = mid_moves(day._replace(bid_ticks=day.bid_ticks + 12_345.5), 7)
    assert (moves == first)[:-7].all()  # in all digits, so that ties fall on one side
    assert move_labels(np.array([-2.0, -1.0, 0.0, 1.5, np.nan]), 1.0).tolist() == [0, 1, 1, 2, -1]


def test_nothing_of_the_future_enters_what_is_seen():
    day = day_of(1, 400)
    later = day._replace(**{name: getattr(day, name).copy() for name in day._fields})
    later.bid_ticks[250:] += 5
    later.ask_sizes[250:] *= 3
    scale = Scale.fit([day], [np.arange(100, 200)])
    assert (scale.pictures(day)[:250] == scale.pictures(later)[:250]).all()
    assert (flow_features(day)[:250] == flow_features(later)[:250]).all()
    assert not (flow_features(day)[250:] == flow_features(later)[250:]).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(60, 400), st.integers(1, 40), st.integers(1, 20))
def test_no_row_is_used_on_both_sides_of_a_cut(n, length, horizon):
    day = day_of(2, 500)
    rows = usable_rows(day, length, horizon)[:n]
    embargo = embargo_of(length, horizon)
    parts = split_day(rows, (0.5, 0.2, 0.3), embargo) if n > 2 * embargo + 10 else [rows]
    used = [set(range(part[0] - reach(length) + 1, part[-1] + horizon + 1)) for part in parts]
    assert min(rows) >= reach(length) - 1 and max(rows) + horizon < len(day.time_ns)
    for one, two in zip(used, used[1:]):
        assert not one & two and max(one) < min(two)


def test_a_forecast_sees_no_row_beyond_its_reach():
    day, length = day_of(3, 300), 30
    rows = np.array([200, 250])
    early = day._replace(**{name: getattr(day, name).copy() for name in day._fields})
    for values in early[1:]:
        values[:200 - reach(length) + 1] += 3
    late = day._replace(**{name: getattr(day, name).copy() for name in day._fields})
    late.bid_ticks[200 - reach(length) + 1] -= 4
    part = Part([day], [np.arange(60, 280)])
    linear = fit_linear(part, 5, 0.3)
    network = fit_network(part, part, 5, 0.3, length=length, steps=1)
    for model in (linear, network):
        assert (model.chances(day, rows) == model.chances(early, rows)).all()
    assert (linear.chances(day, rows)[0] != linear.chances(late, rows)[0]).any()


def test_of_the_states_of_one_time_only_the_last_is_a_row():
    ticks = np.array([[10.0], [10.0], [9.0], [8.0], [8.0]])
    sizes = np.array([[5.0], [2.0], [4.0], [1.0], [1.0]])
    ask = np.full((5, 1), 12.0)
    day = depth_day([1, 2, 2, 2, 3], ticks, sizes, ask, np.ones((5, 1)))
    assert day.time_ns.tolist() == [1, 2] and day.mid.tolist() == [11.0, 10.0]
    with pytest.raises(ValueError, match=r"time_ns\[2\] is 1, before 2"):
        depth_day([1, 2, 1, 2, 3], ticks, sizes, ask, np.ones((5, 1)))


def test_a_rise_is_foretold_as_a_fall_of_the_mirrored_book():
    day = day_of(4, 400)
    other = DepthDay(day.time_ns, -day.ask_ticks, day.ask_sizes, -day.bid_ticks, day.bid_sizes)
    part, rows = Part([day], [np.arange(60, 300)]), np.arange(300, 380)
    scale = Scale.fit(*part)
    assert np.allclose(scale.pictures(other), mirrored(scale.pictures(day)), atol=1e-5)
    for model in (fit_linear(part, 5, 0.3), fit_network(part, part, 5, 0.3, length=8, steps=3)):
        assert np.allclose(model.chances(day, rows), model.chances(other, rows)[:, ::-1], atol=1e-5)
        assert not np.allclose(model.chances(day, rows)[:, 0], model.chances(day, rows)[:, 2])


def test_macro_f1_by_hand_and_of_guesses():
    labels = np.array([0, 0, 1, 1, 2, 2])
    assert macro_f1(labels, labels) == 1.0
    assert macro_f1(labels, np.ones(6, int)) == pytest.approx((0 + 2 * 2 / 8 + 0) / 3)
    assert macro_f1(labels, 2 - labels) == pytest.approx(1 / 3)  # up for down: flat is right
    assert class_f1(labels, np.ones(6, int)).tolist() == [0.0, 0.5, 0.0]
    assert np.isnan(class_f1(np.array([0, 0]), np.array([0, 2]))).tolist() == [False, True, False]


def test_flat_is_told_as_often_as_serves_macro_f1():
    chances = np.array([[0.3, 0.4, 0.3], [0.35, 0.4, 0.25], [0.25, 0.4, 0.35]] * 4)
    labels = np.array([1, 0, 2] * 4)
    factor = pick_flat(chances, labels)
    assert macro_f1(labels, told_of(chances)) < macro_f1(labels, told_of(chances, factor)) == 1.0
    assert 0.3 / 0.4 < factor < 0.35 / 0.4


def test_blocks_widen_the_interval_where_neighbours_are_alike():
    values = np.repeat(np.random.default_rng(0).normal(size=60), 20)
    narrow = block_interval(lambda k: values[k].mean(), len(values), 1)
    wide = block_interval(lambda k: values[k].mean(), len(values), 60)
    assert narrow.value == wide.value and wide.low < wide.value < wide.high
    assert wide.high - wide.low > 2.5 * (narrow.high - narrow.low)


def test_trainings_that_differ_widen_the_interval():
    values = np.random.default_rng(0).normal(size=500)
    shift = np.array([-1.0, 0.0, 1.0])
    one = block_interval(lambda k: values[k].mean(), 500, 5)
    many = block_interval(lambda k, which: values[k].mean() + shift[which].mean(), 500, 5,
                          trainings=3)
    assert many.value == pytest.approx(one.value)
    assert many.high - many.low > 4 * (one.high - one.low)


def test_profit_is_the_move_less_the_spread_and_positions_never_overlap():
    mid = np.array([10.0, 11.0, 13.0, 12.0, 12.0, 11.0, 9.0, 9.0])
    spread = np.full(8, 0.5)
    chances = np.zeros((6, 3))
    chances[:, 2] = [0.9, 0.9, 0.2, 0.2, 0.1, 0.1]
    chances[:, 0] = [0.1, 0.0, 0.2, 0.1, 0.8, 0.9]
    trades = forecast_trades(chances, np.arange(6), mid, spread, 2, 0.5)
    assert trades.entry.tolist() == [0, 4]
    assert trades.gross.tolist() == [3.0, 3.0] and trades.net.tolist() == [2.0, 2.0]
    assert (trades.half == trades.gross - 0.5).all()
    assert len(forecast_trades(chances, np.arange(6), mid, spread, 2, 0.95).entry) == 0
    paid = forecast_trades(chances, np.arange(6), mid, spread, 2, 0.5, fee=0.3)
    assert paid.half == pytest.approx(paid.gross - 0.8) and paid.net == pytest.approx([1.4, 1.4])


def test_the_edge_earns_most_on_all_the_days_to_choose_by():
    lean = np.repeat([0.2, 0.6], 20)
    chances = np.column_stack([np.zeros(40), 1 - lean, lean])
    days = []
    for steps in ((0.0, 4.0), (0.0, -1.0)):  # what leans a little does not move
        mid = np.concatenate([[0.0], np.cumsum(np.repeat(steps, 20))])
        days.append(SimpleNamespace(mid=mid, half_spread=np.full(41, 0.4)))
    rows = [np.arange(40)] * 2
    first, both = (pick_edge([chances] * k, rows[:k], days[:k], 1, fewest=5) for k in (1, 2))
    assert 0.2 <= both < 0.6 and 0.2 <= first < 0.6
    assert pick_edge([chances], rows[:1], days[1:], 1, fewest=5) < 0.2  # the lesser loss
    assert pick_edge([chances], rows[:1], days[1:], 1, fewest=50) == 0.0


def test_both_forecasters_find_an_imbalance_that_is_there_and_costs_are_told():
    days = [day_of(seed) for seed in range(3)]
    rows = [usable_rows(day, 10, 3) for day in days]
    learn, choose, judge = (Part([day], [some]) for day, some in zip(days, rows, strict=True))
    linear, network = judge_forecasts(learn, choose, judge, 3, length=10, steps=100, batch=64,
                                      rate=5e-3, draws=60, trainings=2, fee=0.75)
    for told in (linear, network):
        assert told["f1"].low > 0.36 and told["f1"].low < told["f1"].value < told["f1"].high
        assert told["gross"].value - told["half"].value == pytest.approx(1.25)
        assert told["gross"].value - told["net"].value == pytest.approx(2.5)
        assert told["seconds"] == 3.0 and told["trainings"] == len(told["edges"])
    assert linear["f1_gain"] == linear["net_gain"] == (0.0, 0.0, 0.0)
    for name in ("f1", "net"):
        gain = network[name].value - linear[name].value
        assert network[f"{name}_gain"].value == pytest.approx(gain)
        assert network[f"{name}_gain"].low < gain < network[f"{name}_gain"].high
    weights = fit_linear(learn, 3, threshold_of(learn, 3)).weights
    assert weights[0, 2] > weights[0, 1] > weights[0, 0]  # more bid than offered: up


def test_where_nothing_can_be_foretold_nothing_is():
    days = [day_of(seed, pull=0.0) for seed in range(3)]
    learn, choose, judge = (Part([day], [usable_rows(day, 10, 3)]) for day in days)
    for told in judge_forecasts(learn, choose, judge, 3, length=10, steps=60, batch=64, draws=60):
        assert told["f1"].low < 0.36


def test_days_are_judged_one_by_one_and_told_together():
    days = [day_of(seed, 700) for seed in range(4)]
    learn, choose, one, two = (Part([day], [usable_rows(day, 10, 3)]) for day in days)
    made = train_forecasts(learn, choose, 3, length=10, steps=5, batch=32)
    alone = [made.judge(part, draws=2)[0] for part in (one, two)]
    both, _ = made.judge(Part(days[2:], [*one.rows, *two.rows]), draws=2)
    assert both["rows"] == sum(told["rows"] for told in alone)
    assert both["trades"] == sum(told["trades"] for told in alone)
    assert both["trades"] * both["net"].value == pytest.approx(
        sum(told["trades"] * told["net"].value for told in alone))
    assert made.threshold == threshold_of(learn, 3)
    assert (labels_of(two, 3, made.threshold) >= 0).all()
    with pytest.raises(ValueError, match="2 rows have no 3 rows behind them"):
        labels_of(Part(days[:1], [np.arange(690, 699)]), 3, 0.2)


def test_one_day_is_cut_and_of_several_the_last_is_judged():
    days = [day_of(seed, 600) for seed in range(4)]
    learn, choose, judge = parts_of(days, 5)
    assert [len(part.days) for part in (learn, choose, judge)] == [2, 1, 1]
    assert judge.days[0] is days[3] and choose.days[0] is days[2]
    (one,), (two,), (three,) = (part.rows for part in parts_of(days[:1], 5))
    assert one[-1] + embargo_of(30, 5) < two[0] and two[-1] + embargo_of(30, 5) < three[0]
    with pytest.raises(ValueError, match="there are 2 days; give one, which is cut in time, or at"):
        parts_of(days[:2], 5)
    with pytest.raises(ValueError, match="day 2 has 80 rows; a horizon of 40 needs at least 91"):
        parts_of([days[0], day_of(5, 80), days[1]], 40)


def test_the_command_judges_the_bundled_hour_and_refuses_what_does_not_fit():
    run = CliRunner().invoke
    few = ["--horizon", "10", "--steps", "1", "--trainings", "1"]
    good = run(app, ["forecast", *few, "--json"])
    assert good.exit_code == 0, good.output
    linear, network = json.loads(good.stdout)
    assert linear["f1"][1] > 1 / 3 and linear["net"][2] < 0 and network["horizon"] == 10
    hour = str(bundled("lobster_messages"))
    wrong = run(app, ["forecast", hour, hour, *few])
    assert wrong.exit_code == 2 and "there are 2 days; give one" in wrong.stderr
    deep = run(app, ["forecast", hour, "--levels", "11", *few])
    assert deep.exit_code == 2 and "this file has 10" in deep.stderr


def test_a_forecast_depends_on_its_own_window_alone():
    torch.manual_seed(0)
    net = DepthNet(levels=2).eval()
    windows = torch.randn(4, 11, 2, 5)
    assert torch.allclose(net(windows)[1], net(windows[1:2])[0], atol=1e-5)


def test_states_of_a_recording_are_those_of_the_book():
    logits = np.zeros(VOCABULARY)
    logits[FIELDS[1]:FIELDS[1] + 2] = 3.0  # limit orders, most of them behind the best price
    logits[FIELDS[2]:FIELDS[2] + NUMBERS] = 2.0
    messages, _, _ = Tokenizer(round_lot=1, largest_size=9).make_up(
        logits, np.random.default_rng(0).random(1_500), band=(95, 110))
    book, states = OrderBook(tick_size=1.0, price_min=95, price_max=110), []
    for k in range(len(messages)):
        book.process(messages[k:k + 1])
        depth = book.depth(3)
        state = [depth.bid_price.tolist(), depth.bid_size.tolist(), depth.ask_price.tolist(),
                 depth.ask_size.tolist()]
        last = k + 1 == len(messages) or messages["time_ns"][k + 1] > messages["time_ns"][k]
        if last and state[0] and state[2] and (not states or state != states[-1]):
            states.append(state)
    day = depth_of_recording(SimpleNamespace(initial=messages[:0], messages=messages), levels=3)
    assert len(states) > 20
    assert day.mid.tolist() == [(bid[0] + ask[0]) / 2 for bid, _, ask, _ in states]
    assert day.ask_sizes.sum(axis=1).tolist() == [sum(sizes) for *_, sizes in states]


def test_states_of_a_lobster_day_are_those_of_its_file():
    lobster = read_lobster(bundled("lobster_messages"))
    day = depth_of_lobster(lobster, levels=3)
    kept = np.searchsorted(lobster.messages["time_ns"].to_numpy(), day.time_ns[-1], side="right")
    last = lobster.book.iloc[kept - 1]
    assert day.bid_ticks[-1, 0] == round(last["bid_price_1"] * 100)
    assert day.ask_sizes[-1, 2] == last["ask_size_3"]
    with pytest.raises(ValueError, match="this file has 10"):
        depth_of_lobster(lobster, levels=11)
