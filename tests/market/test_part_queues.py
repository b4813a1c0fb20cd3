"""The queue-reactive flow: invariant laws, the reference price, and own orders in its queues."""

from dataclasses import replace

import numpy as np
import pytest

from lobsim.engine import Kind
from lobsim.engine.views import FAULTS, find_fault
from lobsim.market.calibrate import invariant_law
from lobsim.market.parts import FillRule, QueueReactive
from lobsim.market.state import N_REFERENCE, N_REINIT
from small_markets import NS, START_S, TICK, market_of, same_bits

N_MAX, QUEUES, MIDDLE = 10, 3, 20_000
N = np.arange(N_MAX + 1)
LIMIT = np.stack([np.where(N == 0, 4.0, 2.0), 1.6 * np.exp(-N / 25), 1.4 * 0.97**N]) * (N < N_MAX)
CANCEL = np.stack([0.5 * np.sqrt(N), 0.42 * np.sqrt(N), 0.25 * N])
MARKET = np.where(N > 0, 0.9 * np.exp(-N / 8), 0.0)
STATIC = QueueReactive(tuple(map(tuple, LIMIT.tolist())), tuple(map(tuple, CANCEL.tolist())),
                       tuple(MARKET.tolist()), 1.0, theta=0.0, theta_reinit=0.0)
QUIET = replace(STATIC, qr_market=(0.0,) * (N_MAX + 1))
BLOCKS = 40


def law(i, part):
    """Invariant law of queue i (0 is the first), from the formula of the paper, for all i in
    which market orders are the rates of that queue alone."""
    down = CANCEL[i] + (np.array(part.qr_market) if i == 0 else 0.0)
    weights = np.concatenate([[1.0], np.cumprod(LIMIT[i][:-1] / down[1:])])
    return weights / weights.sum()


def lengths_of(recording, side, i):
    """Times of change and lengths of a queue at a fixed price, from messages and fills alone."""
    price = MIDDLE - i if side > 0 else MIDDLE + 1 + i
    start = recording.initial[(recording.initial["price_ticks"] == price)
                              & (recording.initial["side"] == side)]["size"].sum()
    messages = recording.messages[(recording.messages["price_ticks"] == price)
                                  & (recording.messages["side"] == side)
                                  & (recording.messages["kind"] != Kind.IOC)]
    fills = recording.fills[(recording.fills["price_ticks"] == price)
                            & (recording.fills["taker_side"] == -side)]
    change = np.where(messages["kind"] == Kind.LIMIT, 1, -1) * messages["size"].astype(int)
    times = np.concatenate([messages["time_ns"], fills["time_ns"]])
    change = np.concatenate([change, -fills["size"].astype(int)])
    order = np.argsort(times, kind="stable")
    return times[order] / NS - START_S, start + np.cumsum(change[order])


def shares_of_time(times, lengths, seconds):
    """Share of time at each length, by block of time, shape (blocks, n_max + 1)."""
    edges = np.linspace(0, seconds, BLOCKS + 1)
    at = np.unique(np.concatenate([times, edges]))
    at = at[(at >= times[0]) & (at <= seconds)]
    length = lengths[np.searchsorted(times, at[:-1], side="right") - 1]
    block = np.minimum((at[:-1] / seconds * BLOCKS).astype(int), BLOCKS - 1)
    shares = np.zeros((BLOCKS, N_MAX + 1))
    np.add.at(shares, (block, np.minimum(length, N_MAX)), np.diff(at))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("part, queues", [(STATIC, (0,)), (QUIET, (0, 1, 2))],
                         ids=["with market orders", "without"])
def test_lengths_have_their_invariant_law_in_model_one(part, queues):
    """Exact where nothing but the own length sets the rates: the first queue, and all queues
    where no market order reaches the second when the first is empty."""
    seconds = 20_000
    market = market_of(part, seconds=seconds, record=True, max_live=512)
    market.advance(START_S + seconds)
    recording = market.record()
    for side in (1, -1):
        for i in queues:
            shares = shares_of_time(*lengths_of(recording, side, i), seconds)
            expected = law(i, part)
            np.testing.assert_allclose(expected, invariant_law(LIMIT[i], CANCEL[i] + (
                np.array(part.qr_market) if i == 0 else 0.0)), rtol=1e-9)
            error = shares.std(axis=0, ddof=1) / np.sqrt(BLOCKS)
            z = (shares.mean(axis=0) - expected)[expected > 0.005] / error[expected > 0.005]
            assert len(z) >= 5
            assert np.abs(z).max() < 4.2, (side, i, z)
            assert np.mean(z**2) < 3.5


def test_without_theta_the_reference_price_never_moves():
    market = market_of(STATIC, seconds=2000)
    market.advance(START_S + 2000)
    assert market._flow.count[N_REFERENCE] == MIDDLE
    assert market._flow.count[N_REINIT] == 0 and market.volume > 100


SHORT = replace(STATIC, qr_limit=(tuple(np.where(N == 0, 3.0, 0.4 * (N < N_MAX)).tolist()),
                                  *STATIC.qr_limit[1:]))


@pytest.mark.parametrize("theta_reinit", [0.0, 0.5, 1.0])
def test_a_share_of_the_moves_draws_the_book_anew(theta_reinit):
    part = replace(SHORT, theta=1.0, theta_reinit=theta_reinit)
    market = market_of(part, seconds=3000, record=True, max_live=512)
    before, moves = MIDDLE, 0
    for k in range(1, 3001):
        market.advance(START_S + k)
        now = int(market._flow.count[N_REFERENCE])
        moves += now != before
        before = now
    anew = int(market._flow.count[N_REINIT])
    assert moves > 100
    assert (anew == 0) == (theta_reinit == 0.0)
    if theta_reinit:
        assert anew >= 0.8 * theta_reinit * moves  # several moves may fall into one second
    assert FAULTS[find_fault(market._book)] == ""


def test_a_book_drawn_anew_has_the_invariant_law():
    """Third queues just after: all messages at the instant of a redraw, summed by price."""
    part = replace(SHORT, theta=1.0, theta_reinit=1.0)
    market = market_of(part, seconds=12_000, record=True, max_live=512)
    market.advance(START_S + 12_000)
    messages = market.record().messages
    times, first, number = np.unique(messages["time_ns"], return_index=True, return_counts=True)
    drawn = []
    for at, n in zip(first[number > 8], number[number > 8], strict=True):
        rows = messages[at:at + n]
        new = rows[rows["kind"] == Kind.LIMIT]
        bids, asks = (np.unique(new["price_ticks"][new["side"] == s]) for s in (1, -1))
        if len(bids) == QUEUES and len(asks) == QUEUES and asks[0] - bids[-1] == 1:
            drawn += [np.sum(new["price_ticks"] == bids[0]), np.sum(new["price_ticks"] == asks[-1])]
    counts = np.bincount(drawn, minlength=N_MAX + 1)
    expected = law(2, part)
    expected = np.where(N > 0, expected, 0) / expected[1:].sum()  # all six queues hold something
    chi2 = ((counts - counts.sum() * expected)**2 / np.maximum(counts.sum() * expected, 1e-9))
    assert counts.sum() > 300
    assert chi2[counts.sum() * expected > 4].sum() < 35  # about ten degrees of freedom


def test_all_orders_are_of_one_unit():
    market = market_of(replace(STATIC, qr_unit=7.0), seconds=300, record=True)
    market.advance(START_S + 300)
    recording = market.record()
    assert set(recording.messages["size"].tolist()) == {7}
    assert set(recording.fills["size"].tolist()) == {7}


def test_an_own_order_counts_as_length_of_its_queue():
    """No background order joins a queue of five units or more; five of them are ours."""
    few = (np.stack([np.where(N < 5, 2.0, 0.0)] * QUEUES)).tolist()
    part = replace(QUIET, qr_limit=tuple(map(tuple, few)))
    joined = []
    for own in (False, True):
        market = market_of(part, seconds=400, record=True)
        if own:
            market.submit("buy", 5, MIDDLE * TICK)
            market.advance(START_S + 60)
        at = len(market.record().messages)
        market.advance(START_S + 400)
        later = market.record().messages[at:]
        joined.append(np.sum((later["kind"] == Kind.LIMIT) & (later["price_ticks"] == MIDDLE)))
    assert joined[0] > 50
    assert joined[1] == 0


def test_a_market_order_hits_the_best_queue_only():
    market = market_of(STATIC, seconds=1000, record=True)
    market.advance(START_S + 1000)
    recording = market.record()
    ioc = recording.messages[recording.messages["kind"] == Kind.IOC]
    assert len(recording.fills) == len(ioc) > 200
    assert (recording.fills["price_ticks"] == ioc["price_ticks"]).all()


def test_recording_a_redraw_at_the_end_of_a_buffer_loses_nothing():
    """A redraw is many messages in one event; buffers keep room for all of them."""
    long = np.arange(61)
    busy = (3.0 * (long < 60)).tolist()
    part = QueueReactive((tuple(np.where(long == 0, 20.0, 0.05).tolist()), tuple(busy),
                          tuple(busy)),
                         (tuple((1.0 * long).tolist()), tuple((0.06 * long).tolist()),
                          tuple((0.06 * long).tolist())),
                         tuple(np.where(long > 0, 1.0, 0.0).tolist()), 1.0, theta=1.0,
                         theta_reinit=1.0)
    told = []
    for step in (1, 400):
        market = market_of(part, seconds=400, record=True, max_live=512)
        for k in range(step, 401, step):
            market.advance(START_S + k)
            market._empty_tape()
        told.append(market.record())
    assert len(told[0].messages) > 1 << 14
    largest = np.unique(told[0].messages["time_ns"], return_counts=True)[1].max()
    assert largest > 128
    assert same_bits(told[0].messages, told[1].messages) and told[0].tops.equals(told[1].tops)


def test_orders_on_paper_do_not_move_the_clock_of_the_queues():
    """The rates have not changed, so nothing is drawn anew (see the fill rules as well)."""
    plain, traded = (market_of(STATIC, FillRule("touch"), seconds=100, record=True)
                     for _ in range(2))
    for k in range(1, 100):
        traded.advance(START_S + k)
        traded.submit("buy", 1, (MIDDLE - 5) * TICK)
        traded.cancel_all()
    plain.advance(START_S + 100), traded.advance(START_S + 100)
    assert plain.record().tops.equals(traded.record().tops)


@pytest.mark.parametrize("changes, words", [
    ({"theta": 1.5}, "probabilities must lie"), ({"qr_market": (1.0,)}, "must be"),
    ({"qr_market": tuple(-MARKET)}, "must not be negative"), ({"theta_reinit": -0.1}, "theta_rein"),
])
def test_impossible_tables_are_told(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(STATIC, **changes)
