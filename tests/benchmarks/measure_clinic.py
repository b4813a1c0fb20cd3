"""Trains DQN on a small world whose optimum is known, once as it should be and with a fault each.

Run::

    python tests/benchmarks/measure_clinic.py --out clinic.csv

A row for each patient and look: steps, the figures of `lobsim.agents.health`, since the last look
the share of each action, and of the policy without chance: ``cost``, its mean in 20,000 sales in
ticks times lots, and ``value_last`` beside ``reward_last``, means of the value before the last
decision and of what that decision brings, exactly, with 1 to 3 lots left and in the units of the
training's rewards. The patients' letters hide which is which; the dict below tells.
"""

import argparse
import time

import numpy as np
import pandas as pd
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.utils import set_random_seed

from lobsim.agents.algorithms import Budget, build
from lobsim.agents.case import Recipe
from lobsim.agents.health import Health, TimedVecEnv
from lobsim.envs.block_sale import ACTIONS, BlockSaleVectorEnv

STEPS, LOOKS, ENVS = 20_000, 10, 32
HEALTHY = {"learning_rate": 3e-3, "gamma": 1.0, "scale": 0.1,
           "options": {"buffer_size": 30_000, "learning_starts": 1_000, "train_freq": 1,
                       "gradient_steps": 5, "target_update_interval": 500, "double": True,
                       "exploration_fraction": 0.6, "exploration_final_eps": 0.05}}
FAULTS = {
    "healthy": {},
    "rewards not scaled": {"scale": 500.0},
    "bootstraps through the end": {"deadline": "truncates"},
    "target never updated": {"options": {"target_update_interval": 10**9}},
    "learning rate too large": {"learning_rate": 1.0},
    "discount too small": {"gamma": 0.5},
    "no exploration": {"options": {"exploration_fraction": 1e-6, "exploration_final_eps": 0.0}},
}
PATIENTS = {"A": "target never updated", "B": "rewards not scaled", "C": "healthy",
            "D": "discount too small", "E": "bootstraps through the end",
            "F": "learning rate too large", "G": "no exploration"}
FIGURES = ("episode_return", "value_at_start", "return_from_start", "td_error", "loss", "epsilon")


class Scaled(TimedVecEnv):
    """Rewards times a number."""

    def __init__(self, env, scale):
        super().__init__(env)
        self.scale = scale

    def step_wait(self):
        seen, rewards, done, infos = super().step_wait()
        for info in infos:
            if "episode" in info:
                info["episode"]["r"] *= self.scale
        return seen, np.float32(self.scale) * rewards, done, infos


class Look(BaseCallback):
    """Notes the figures LOOKS times."""

    def __init__(self, timed):
        super().__init__()
        self.timed, self.rows = timed, []
        self.counts, self._next = np.zeros(len(ACTIONS)), 0

    def _on_training_start(self):
        self.health = Health(self.model, self.timed)
        self.health.begin(self.model._last_obs)

    def _on_step(self):
        self.health.after_step(self.locals)
        self.counts += np.bincount(self.locals["actions"], minlength=len(ACTIONS))
        return True

    def _on_rollout_start(self):
        if self.model.num_timesteps >= self._next * STEPS / LOOKS:
            self.note()

    def note(self):
        self._next += 1
        found = self.health.figures()
        row = {"steps": self.model.num_timesteps} | {name: found.get(name) for name in FIGURES}
        share = self.counts / max(self.counts.sum(), 1)
        played = best_play(self.model, self.timed.scale)
        self.rows.append(row | dict(zip(ACTIONS, share)) | played)
        self.counts[:] = 0


def best_play(model, scale, episodes=20_000) -> dict[str, float]:
    """What the policy without chance costs, and what it expects of its last decision."""
    world = BlockSaleVectorEnv(episodes)
    seen, _ = world.reset(seed=9)
    total, going = np.zeros(episodes), np.ones(episodes, bool)
    for _ in range(world.steps):
        seen, rewards, over, _, _ = world.step(values_of(model, seen).argmax(axis=1))
        total += going * rewards
        going &= ~over
    lots = np.arange(1, 4)  # of those that are often left before the last decision
    values = values_of(model, np.stack([lots / world.quantity, 0 * lots + 1 / world.steps], axis=1))
    sold = np.minimum(values.argmax(axis=1), lots)
    walk = -0.5 * np.arange(world.quantity + 1) * np.arange(1, world.quantity + 2)
    rests = world.chance * (1 + walk[lots - 1]) + (1 - world.chance) * walk[lots]
    brought = np.where(sold == 0, rests, walk[sold] + walk[lots - sold])
    return {"cost": -total.mean(), "value_last": values.max(axis=1).mean(),
            "reward_last": scale * brought.mean()}


def values_of(model, seen) -> np.ndarray:
    """Values of all actions, (N, A)."""
    with torch.no_grad():
        return model.q_net(torch.as_tensor(seen, dtype=torch.float32)).numpy()


def trained(fault: dict, seed: int) -> pd.DataFrame:
    """Figures of one training."""
    options = HEALTHY["options"] | fault.get("options", {})
    recipe = Recipe(n_envs=ENVS, steps=STEPS, net=(64, 64), activation="relu", batch_size=128,
                    learning_rate=fault.get("learning_rate", HEALTHY["learning_rate"]),
                    gamma=fault.get("gamma", HEALTHY["gamma"]), options=options)
    set_random_seed(seed)
    world = BlockSaleVectorEnv(ENVS, deadline=fault.get("deadline", "terminates"))
    timed = Scaled(world, fault.get("scale", HEALTHY["scale"]))
    model = build("dqn", recipe, timed, Budget(STEPS, None))
    model.action_space.seed(seed)
    timed.seed(seed)
    model.set_logger(Logger(None, []))
    look = Look(timed)
    model.learn(STEPS, callback=look, log_interval=None)
    look.note()
    return pd.DataFrame(look.rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", default="".join(PATIENTS), help="letters")
    parser.add_argument("--out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tables = []
    for letter in options.patients:
        fault = PATIENTS[letter]
        begun = time.process_time()
        table = trained(FAULTS[fault], options.seed)
        print(letter, fault, f"{time.process_time() - begun:.0f} s")
        print(table.round(3).to_string())
        tables.append(table.assign(patient=letter))
    if options.out:
        found = pd.concat(tables)
        found = found[["patient", *found.columns.drop("patient")]]
        found.to_csv(options.out, index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
