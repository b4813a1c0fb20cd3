"""Laws of the steadier rewards: the same sums block by block, and less noise step by step."""

import numpy as np
import pytest
from desk import SHORT

from lobsim.agents.shared import SteadyNames
from lobsim.envs.portfolio import PortfolioVectorEnv
from lobsim.envs.portfolio_names import NamesVectorEnv


def rewards_of(kind, *arguments):
    """Rewards of some days by decision and row, until each block is over for the first time."""
    env = kind(PortfolioVectorEnv(8, reward="each_client", **SHORT | {"horizon_s": 120.0}),
               *arguments)
    env.reset(seed=2)
    rng, rows, over = np.random.default_rng(1), [], np.zeros(env.num_envs, bool)
    for _ in range(12):
        _, rewards, ended, _, _ = env.step(rng.uniform(-1, 0, (env.num_envs, 1)))
        rows.append(np.where(over, 0.0, rewards))
        over |= ended
    assert over.all()
    return np.array(rows)


def test_a_block_earns_the_same_in_all_and_less_of_it_is_noise():
    plain, steady = rewards_of(NamesVectorEnv, "block"), rewards_of(SteadyNames)
    assert steady.sum(axis=0) == pytest.approx(plain.sum(axis=0), abs=1e-6)
    assert not np.allclose(steady, plain)
