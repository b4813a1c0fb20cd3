"""A training on two nodes, one of which dies; run by test_ray_training.py in a process of its own.

RLlib pins another release of gymnasium than the kit is tested with. Figures go to stdout as JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
import ray
import torch
from desk_case import SMALL, TINY
from ray.rllib.core.columns import Columns
from ray_nodes import add_node, new_cluster, ray_package

from lobsim.agents.ray_cluster import cluster
from lobsim.agents.ray_names import NAMES, NamesEnv
from lobsim.agents.ray_training import RayTraining, _Context
from lobsim.agents.seeds import VALIDATION, test_seed
from lobsim.agents.shared import SteadyNames
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_names import rows_of
from lobsim.envs.seeding import episode_seeds


def same_as_on_one_machine() -> dict:
    """Rewards and views of RLlib's environment beside those of Stable-Baselines3's."""
    recipe = SMALL.recipe("ppo")
    settings = {**recipe.settings, **recipe.training}
    env = NamesEnv(_Context({"settings": {**SMALL.settings, **settings}, "days": 1,
                             "first_seed": 5, "scale": 0.5}, 2))
    one = SteadyNames(SMALL.vector(1, **settings))
    rng, seen_off, reward_off, days = np.random.default_rng(0), 0.0, 0.0, 0
    theirs, _ = one.reset(seed=7)  # 5 and worker 2
    for _ in range(3):
        ours, _ = env.reset(seed=99)
        over = False
        while not over:
            names = [env.rows[name] for name in env.agents]
            views = np.stack([ours[name] for name in env.agents])
            seen_off = max(seen_off, abs(theirs[names] - views).max())
            actions = rng.uniform(-1, 1, one.action_space.shape).astype(np.float32)
            ours, rewards, ended, _, _ = env.step({env.ids[row]: actions[row] for row in names})
            theirs, wanted, *_ = one.step(actions)
            reward_off = max(reward_off, abs(0.5 * wanted[names] - list(rewards.values())).max())
            over = ended["__all__"]
        days += 1
    return {"seen_off": float(seen_off), "reward_off": float(reward_off), "days": days}


def logits_apart(training) -> float:
    """How far the agent's centre is from that of RLlib's module, at random views."""
    low, high = (np.array([*np.tile(name, 3), *book], np.float32) for name, book in (
        (pl.NAME_LOW, pl.BOOK_LOW), (pl.NAME_HIGH, pl.BOOK_HIGH)))
    days = np.random.default_rng(1).uniform(low, high, (20, len(low))).astype(np.float32)
    rows = rows_of(days, pl.NAME_COLUMNS, len(pl.BOOK_OBSERVED))
    module = training.algorithm.get_module(NAMES)
    with torch.no_grad():
        said = module.forward_inference({Columns.OBS: torch.from_numpy(rows)})
    said = said[Columns.ACTION_DIST_INPUTS].numpy()
    agent = training.agent()
    log_std, k = agent.network.log_std.detach().numpy(), agent.network.shape.outputs
    assert np.ptp(said[:, 0]) > 1e-3  # or this would hold of one that says nothing
    return float(max(abs(said[:, :k] - agent.scores(days)).max(), abs(said[:, k:] - log_std).max()))


def workers_days(training) -> dict:
    """Market seeds that each worker played last."""
    def played(runner):
        if runner.env is None:
            return None
        return runner.worker_index, runner.env.envs[0].unwrapped.seeds.tolist()

    return dict(filter(None, training.algorithm.env_runner_group.foreach_env_runner(played)))


def acted_by(training) -> float:
    """How far workers, who were made to forget, are from the learner's weights when they begin."""
    def forget(runner):
        for weights in runner.module[NAMES].parameters():
            weights.data.zero_()

    def said(runner):  # values are learned from, and not acted by
        return runner.module[NAMES].get_state(inference_only=True)

    group = training.algorithm.env_runner_group
    group.foreach_env_runner(forget, local_env_runner=False)
    training.algorithm.announce()
    learned = training.algorithm.learner_group.get_weights()[NAMES]
    return max(float(np.abs(value - learned[name]).max())
               for state in group.foreach_env_runner(said, local_env_runner=False)
               for name, value in state.items())


def weights_of(training) -> list[float]:
    weights = training.algorithm.learner_group.get_weights()[NAMES]
    return np.concatenate([np.ravel(weights[name]) for name in sorted(weights)]).tolist()


def main(out: Path) -> dict:
    found = same_as_on_one_machine()
    with new_cluster() as nodes:
        add_node(nodes)
        doomed = add_node(nodes)
        nodes.wait_for_nodes()
        with cluster(nodes.address) as connected:
            arguments = {"ray": connected, "out": out, "steps": 10**6} | TINY
            training = RayTraining(SMALL, "ppo", 3, workers=2, **arguments)
            training.validate()
            training.iterate()
            found |= {"days_of_workers": workers_days(training), "played": training.played,
                      "apart": logits_apart(training), "stale": acted_by(training)}
            training.checkpoint()
            before = weights_of(training)
            nodes.remove_node(doomed, allow_graceful=False)
            training.iterate()
            found |= {"after_loss": workers_days(training), "iterations": training.iteration,
                      "moved": bool(before != weights_of(training)),
                      "more": training.played > found["played"]}
            training.algorithm.stop()
            # One worker goes on from the checkpoint, twice: the same days, decisions and lessons.
            resumed = RayTraining(SMALL, "ppo", 3, workers=1, resume=True, **arguments)
            found["restored"] = weights_of(resumed) == before and resumed.iteration == 1
            resumed.iterate()
            found["resumed_days"], once = workers_days(resumed), resumed.played
            moved = weights_of(resumed)
            resumed.algorithm.stop()  # its worker knows later weights and would not go back
            resumed = RayTraining(SMALL, "ppo", 3, workers=1, resume=True, **arguments)
            resumed.iterate()
            found["again"] = workers_days(resumed), resumed.played == once
            found["weights_again"] = float(np.abs(np.subtract(moved, weights_of(resumed))).max())
            resumed.budget.steps = resumed.played + 1
            agent = resumed.run()
            found |= {"trained": agent.record["trained_steps"], "all": resumed.played,
                      "validations": len(agent.record["validation"]),
                      "folders": sorted(path.name for path in out.glob("rllib*"))}
            assert not ray.cluster_resources().get("CPU", 0) > 1
    seeds = found["days_of_workers"].values()
    worker = {seed for some in seeds for seed in some}
    unseen = {int(seed) for base in (VALIDATION, test_seed(0)) for seed in
              episode_seeds(base, 0, 1000)}
    found["common_with_unseen"] = len(worker & unseen)
    return found


if __name__ == "__main__":
    ray_package()
    print("FOUND", json.dumps(main(Path(sys.argv[1]))))
