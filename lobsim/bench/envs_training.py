"""What a training makes of the environments' speed: PPO of Stable-Baselines3 on three forms.

The same algorithm with the same settings learns on 64 environments: ours as one vector, the same
on several threads, and as many scalar ones in Stable-Baselines3's own `DummyVecEnv`. All sides take
turns of one rollout and its update. The time of the environments is that within `step_wait`; the
rest is the policy's forward passes, the buffer and the gradient steps.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from .market import _now_s

__all__ = ["TrainingFigures", "bench_training"]

ENVS = 64
ROLLOUT = 64  # steps of each environment before an update
INTERVALS_S = (0.016, 0.16, 10.0)  # about 10, 100 and 6,000 events a step of SPY
BATCH = 2_048
EPOCHS = 4
MOST_TURNS = 3


@dataclass
class TrainingFigures:
    """Training on one form of the environment."""

    form: str  # "vector" or "DummyVecEnv"
    envs: int
    threads: int
    interval_s: float
    steps_per_s: float
    env_share: float  # of the time of training
    over_dummy: float  # steps a second over those with DummyVecEnv, within a turn


class _Learner:
    """PPO on one form of the environment."""

    def __init__(self, settings: dict, form: str, threads: int):
        from stable_baselines3 import PPO
        from stable_baselines3.common.vec_env import DummyVecEnv

        from lobsim.envs import ExecutionEnv, ExecutionVectorEnv
        from lobsim.envs.sb3 import VecEnvOf

        self.form, self.threads = form, threads
        self._now_s = time.perf_counter if threads > 1 else _now_s
        venv = (DummyVecEnv([lambda: ExecutionEnv(**settings, info="end")] * ENVS)
                if form == "DummyVecEnv"
                else VecEnvOf(ExecutionVectorEnv(ENVS, threads=threads, info="end", **settings)))
        self._env_s = 0.0
        venv.step_wait = self._timed(venv.step_wait)
        self._model = PPO("MlpPolicy", venv, seed=0, device="cpu", n_steps=ROLLOUT,
                          batch_size=min(BATCH, ENVS * ROLLOUT), n_epochs=EPOCHS,
                          learning_rate=1e-3, policy_kwargs={"net_arch": [64, 64]})
        self.runs: list[tuple[float, float]] = []

    def _timed(self, step_wait: Callable) -> Callable:
        def timed():
            begun_s = self._now_s()
            told = step_wait()
            self._env_s += self._now_s() - begun_s
            return told

        return timed

    def turn(self) -> None:
        """One rollout and its update; notes the seconds, and those of the environments."""
        self._env_s, begun_s = 0.0, self._now_s()
        self._model.learn(ENVS * ROLLOUT, reset_num_timesteps=False)
        self.runs.append((self._now_s() - begun_s, self._env_s))


def bench_training(profile, turns: int, threads: tuple[int, ...]) -> list[TrainingFigures]:
    """Train on each form in turn.

    Parameters
    ----------
    profile : Profile
    turns : int
        Rollouts that are measured, at most `MOST_TURNS`; one more comes before.
    threads : tuple of int
        Of our vector.
    """
    import torch

    from .envs import settings_of

    turns, rows = min(turns, MOST_TURNS), []
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for interval_s in INTERVALS_S:
            settings = settings_of(profile, interval_s, ROLLOUT * (turns + 1))
            sides = [_Learner(settings, "DummyVecEnv", 1)]
            sides += [_Learner(settings, "vector", count) for count in threads]
            for _ in range(turns + 1):
                for side in sides:
                    side.turn()
            rows += [_figures(side, sides[0], interval_s) for side in sides]
    finally:
        torch.set_num_threads(kept)
    return rows


def _figures(side: _Learner, dummy: _Learner, interval_s: float) -> TrainingFigures:
    runs, others = side.runs[1:], dummy.runs[1:]
    return TrainingFigures(
        side.form, ENVS, side.threads, interval_s,
        statistics.median(ENVS * ROLLOUT / seconds for seconds, _ in runs),
        statistics.median(env_s / seconds for seconds, env_s in runs),
        statistics.median(other / own for (own, _), (other, _) in zip(runs, others, strict=True)),
    )
