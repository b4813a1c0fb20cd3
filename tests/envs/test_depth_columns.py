"""`depth_levels=K` of `lobsim/Execution-v0`: what others show in the book, and nothing else new."""

import warnings

import gymnasium
import numpy as np
import pytest

import lobsim.envs  # noqa: F401 - registers
from lobsim.envs.execution_layout import O_DEPTH, O_OTHER_DEPTH, O_OWN_DEPTH, OBSERVED, depth_names
from lobsim.market.parts import Fees, FillRule, Latency
from small_markets import FLOWS, START_S, TICK, profile_of

ID = "lobsim/Execution-v0"
SMALL = profile_of(*FLOWS["poisson"])
LATE = SMALL.with_parts(Latency(0.01, 0.02, 0.02, 0.01, 0.01, 0.01))
FROZEN = profile_of(Fees(maker_fee=-0.002, taker_fee=0.003))
"""No flow at all: five levels of one share on each side, around 200.00 / 200.01."""
SETTINGS = dict(profile=LATE, side="random", quantity=120, horizon_s=60.0, interval_s=2.0,
                start_s=(START_S, START_S + 600), slice_s=6.0, offsets=(0, 1, 2, -1))

MOSTLY_RESTING = (0, 0, 2, 3, 3, 4, 4, 5, 6)
"""Actions: wait, rest a slice at one of the offsets, cross a slice."""


def one(**settings):
    return gymnasium.make(ID, **SETTINGS | settings).unwrapped


def many(n, **settings):
    return gymnasium.make_vec(ID, num_envs=n, **SETTINGS | settings).unwrapped


def others_sizes(market, side, levels):
    """Sizes at the best prices of a side, 1 = bids, own orders taken off; shape (levels,)."""
    depth = market.depth(1000)
    prices, sizes = (depth.bid_price, depth.bid_size) if side > 0 else (depth.ask_price,
                                                                        depth.ask_size)
    left = {round(price / TICK): size for price, size in zip(prices, sizes, strict=True)}
    for order in market.open_orders:
        if order.side == side:
            left[round(order.price / TICK)] -= order.size
    found = [size for size in left.values() if size > 0][:levels]
    return np.array(found + [0.0] * (levels - len(found)))


def typical_queue(market, seen, side):
    """The size that the scale of the older column of the other side tells."""
    share = float(seen[O_OTHER_DEPTH])
    return others_sizes(market, -side, 1)[0] * (1 - share) / share


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("profile, levels", [(SMALL, 3), (LATE, 5), (SMALL, 60)],
                         ids=["no latency", "latency", "more than there are"])
def test_they_are_the_depth_of_the_market_without_own_orders(profile, levels, side):
    env = one(profile=profile, side=side, quantity=600, depth_levels=levels)
    sign = 1 if side == "buy" else -1
    assert env.observation_space.shape == (18 + 2 * levels,) and env.depth_levels == levels
    rng, resting, alone, short = np.random.default_rng(3), 0, 0, 0
    for seed in range(12):
        seen, over = env.reset(seed=seed)[0], False
        scale = typical_queue(env.market, seen, sign)
        while not over:
            own, other = (others_sizes(env.market, one_side, levels) for one_side in (sign, -sign))
            sizes = np.concatenate([own, other])
            assert seen[O_DEPTH:] == pytest.approx(sizes / (sizes + scale), abs=1e-6)
            assert env.observation_space.contains(seen)
            resting += len(env.market.open_orders) > 0
            shown = env.market.depth(1000)
            shown = len(shown.bid_size if sign > 0 else shown.ask_size)
            alone += np.count_nonzero(others_sizes(env.market, sign, 1000)) < shown
            short += (sizes == 0).any()
            seen, _, over, _, _ = env.step(rng.choice(MOSTLY_RESTING))
    assert resting > 100 and alone > 8, "own orders never stood in the way"
    assert short > 50 or levels < 60


def test_an_own_order_changes_the_best_size_and_no_level():
    env = one(profile=FROZEN, side="sell", quantity=6, depth_levels=7, actions="orders")
    before = env.reset(seed=1)[0]
    after = env.step(np.array([0, 0, 3]))[0]  # three shares join one at the best ask
    assert after[O_OWN_DEPTH] > before[O_OWN_DEPTH] == before[O_OTHER_DEPTH]
    level = before[O_OWN_DEPTH]
    assert before[O_DEPTH:].tolist() == [*[level] * 5, 0, 0] * 2
    assert after[O_DEPTH:].tobytes() == before[O_DEPTH:].tobytes()
    taken = env.step(np.array([2, 0, 0]))[0]  # two bids are taken, the own asks withdrawn
    assert taken[O_DEPTH:].tolist() == [*[level] * 5, 0, 0, *[level] * 3, 0, 0, 0, 0]


def test_an_order_on_paper_is_in_no_book_and_is_not_taken_off():
    profile = FROZEN.with_parts(FillRule("touch"))
    env = one(profile=profile, side="sell", quantity=6, depth_levels=3, actions="orders")
    before = env.reset(seed=1)[0]
    after, *_, info = env.step(np.array([0, 0, 1]))
    assert info["resting"] == 1 and (before[O_DEPTH:] > 0).all()
    assert after[O_DEPTH:].tobytes() == before[O_DEPTH:].tobytes()


def test_all_else_is_what_it_is_without_them():
    plain, deep = many(3), many(3, depth_levels=4)
    assert plain.observation_space.shape == (3, 18) and plain.depth_levels == 0
    assert deep.observation_space.shape == (3, 26)
    plan = np.random.default_rng(5).integers(12, size=(45, 3))
    first, second = plain.reset(seed=2), deep.reset(seed=2)
    for row in plan:
        assert first[0].tobytes() == np.ascontiguousarray(second[0][:, :O_DEPTH]).tobytes()
        assert all(np.array_equal(first[-1][name], second[-1][name]) for name in plain.info_names)
        first, second = plain.step(row), deep.step(row)
        assert all(map(np.array_equal, first[1:4], second[1:4]))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_vector_shows_what_each_environment_shows_alone(threads):
    vector = many(6, depth_levels=5, threads=threads, copy=False)
    plan = np.random.default_rng(6).integers(12, size=(40, 6))
    alone = [one(depth_levels=5) for _ in range(6)]
    seen = vector.reset(seed=8)[0]
    own = np.array([env.reset(seed=8 + i)[0] for i, env in enumerate(alone)])
    assert seen.tobytes() == own.tobytes()
    for row in plan:
        seen = vector.step(row)[0]
        for i, env in enumerate(alone):
            own[i], _, over, _, _ = env.step(row[i])
            if over:
                own[i] = env.reset()[0]
        assert seen.tobytes() == own.tobytes()
    assert np.ptp(seen[:, O_DEPTH:], axis=0).max() > 0


def test_hidden_signals_hide_them_too():
    env = one(depth_levels=3, blind=True)
    seen = env.reset(seed=4)[0]
    for action in (2, 4, 7, 5):
        assert seen.shape == (24,) and (seen[7:] == 0).all()
        seen = env.step(action)[0]


def test_both_checkers_find_no_fault():
    from gymnasium.utils.env_checker import check_env
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(one(depth_levels=4))
        check_for_sb3(one(depth_levels=4))


def test_every_column_has_a_name_of_its_own():
    names = OBSERVED + depth_names(3)
    assert len(set(names)) == len(names) == 24
    assert names[18:] == ("own_level_1", "own_level_2", "own_level_3",
                          "other_level_1", "other_level_2", "other_level_3")
