"""The block of lots: what a step costs, what ends, and that play agrees with backward induction."""

import numpy as np
import pytest

from lobsim.envs.block_sale import BlockSaleVectorEnv
from lobsim.envs.vector import ScalarOf


class OneSale(ScalarOf):
    """One sale at a time."""

    many = BlockSaleVectorEnv


def played(world, policy, seed=0):
    """Sums of rewards of one episode in each environment; policy[step][lots left]."""
    seen, _ = world.reset(seed=seed)
    total, going = np.zeros(world.num_envs), np.ones(world.num_envs, bool)
    for k in range(world.steps):
        left = np.rint(seen[:, 0] * world.quantity).astype(int)
        seen, rewards, ended, cut, _ = world.step(np.asarray(policy)[k][left])
        total += going * rewards
        going &= ~(ended | cut)
    assert not going.any()
    return total


@pytest.mark.parametrize(("quantity", "steps", "chance"), [(2, 2, 0.3), (6, 8, 0.3), (4, 3, 0.7)])
def test_the_best_policy_earns_its_value_and_others_less(quantity, steps, chance):
    world = BlockSaleVectorEnv(20_000, quantity=quantity, steps=steps, chance=chance)
    values, best = world.optimum()
    own = played(world, best)
    error = own.std() / len(own) ** 0.5
    assert abs(own.mean() - values[0, quantity]) < 4 * error
    for action in range(3):
        other = played(world, np.full(best.shape, action))
        assert other.mean() < own.mean() + 4 * error


def test_a_discount_counts_later_rewards_less():
    full, short = (BlockSaleVectorEnv(1).optimum(discount)[0] for discount in (1.0, 0.5))
    np.testing.assert_allclose(full[-2], short[-2])  # the last decision has nothing after it
    assert abs(short[0, 6]) < abs(full[0, 6])


def test_costs_of_two_steps_by_hand():
    world = BlockSaleVectorEnv(1, quantity=4, steps=2, chance=0.0)
    seen, _ = world.reset(seed=1)
    np.testing.assert_allclose(seen, [[1.0, 1.0]])
    seen, reward, ended, cut, _ = world.step([2])
    assert (reward[0], ended[0], cut[0]) == (-3.0, False, False)
    np.testing.assert_allclose(seen, [[0.5, 0.5]])
    seen, reward, ended, cut, told = world.step([1])
    assert reward[0] == -1.0 - 1.0 and ended[0] and not cut[0]  # one lot crossed, one left over
    np.testing.assert_allclose(told["final_obs"][0], [0.25, 0.0])
    np.testing.assert_allclose(seen, [[1.0, 1.0]])


def test_a_deadline_that_truncates_ends_only_what_is_left():
    world = BlockSaleVectorEnv(2, quantity=2, steps=1, chance=0.0, deadline="truncates")
    world.reset(seed=1)
    _, _, ended, cut, _ = world.step([0, 2])
    assert ended.tolist() == [False, True] and cut.tolist() == [True, False]


def test_the_same_seed_gives_the_same_sales():
    world = BlockSaleVectorEnv(50)
    rest = np.zeros((8, 7), int)
    first, again, other = (played(world, rest, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("deadline", ["terminates", "truncates"])
def test_a_sale_is_the_same_alone_and_among_many(deadline):
    many = BlockSaleVectorEnv(4, deadline=deadline)
    alone = [OneSale(deadline=deadline) for _ in range(4)]
    seen, _ = many.reset(seed=11)
    for i, one in enumerate(alone):
        assert one.reset(seed=11 + i)[0].tobytes() == seen[i].tobytes()
    ends = 0
    for actions in np.random.default_rng(5).integers(3, size=(40, 4)):
        seen, rewards, ended, cut, told = many.step(actions)
        for i, one in enumerate(alone):
            view, *rest, _ = one.step(actions[i])
            assert rest == [rewards[i], ended[i], cut[i]]
            if ended[i] or cut[i]:
                ends += 1
                assert view.tobytes() == told["final_obs"][i].tobytes()
                view, _ = one.reset()
            assert view.tobytes() == seen[i].tobytes()
    assert ends > 20


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"steps": 1.5}, {"chance": 2.0},
                                   {"deadline": "later"}, {"num_envs": 0}])
def test_a_wrong_argument_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        BlockSaleVectorEnv(**wrong)
