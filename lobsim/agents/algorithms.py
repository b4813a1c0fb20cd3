"""The algorithms of Stable-Baselines3 as the kit trains them, and what is taken out of them.

DQN, PPO and SAC are its own, but for three things: the schedules follow the budget of `train`
(steps or minutes), DQN can be double, and its random actions are drawn for each environment and
not for all of them at once.
"""

import math
import time
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn
from torch.nn import functional

from lobsim.agents.case import Recipe
from lobsim.agents.networks import DepthConv, PolicyNetwork, PolicyShape, network_of
from lobsim.agents.shared import AtWorkRollouts

__all__ = ["Budget", "DepthExtractor", "build", "policy_of", "values_of"]

_ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}


class Budget:
    """How much of a training is spent: by steps, by time, or by whichever is further.

    The clock stands until `start`: what comes before the first step, compiling and the first
    validation, is no training.

    Parameters
    ----------
    steps : int, optional
    seconds : float, optional
        At least one of the two.
    before_s : float
        Seconds spent before a resumption.
    """

    def __init__(self, steps: int | None, seconds: float | None, before_s: float = 0.0):
        self.steps, self.seconds = steps, seconds
        self._before_s = before_s
        self._begun: float | None = None

    def start(self) -> None:
        """Let the clock run; it is started once."""
        if self._begun is None:
            self._begun = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds of training, those before a resumption with them."""
        return self._before_s + (0.0 if self._begun is None else time.monotonic() - self._begun)

    def spent(self, steps: int) -> float:
        """Share of the budget after so many steps, 0 to 1."""
        share = 0.0 if self.steps is None else steps / self.steps
        if self.seconds is not None:
            share = max(share, self.elapsed_s / self.seconds)
        return min(share, 1.0)


class _Budgeted:
    """Lets the schedules of an algorithm follow a `Budget` in place of the steps alone."""

    budget: Budget | None = None

    def _update_current_progress_remaining(self, num_timesteps: int, total_timesteps: int) -> None:
        self._current_progress_remaining = 1.0 - self.budget.spent(num_timesteps)


class BudgetPPO(_Budgeted, PPO):
    """PPO."""


class BudgetSAC(_Budgeted, SAC):
    """SAC."""


class BudgetDQN(_Budgeted, DQN):
    """DQN, double on request (van Hasselt, Guez and Silver 2016).

    The target of double DQN is :math:`r + \\gamma Q_{target}(s', argmax_a Q(s', a))`: one network
    chooses the action and the other one tells its value, so that noise in the values is not
    mistaken for good news.
    """

    double = False

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        """Best actions, each replaced by a random one with probability epsilon."""
        actions, state = self.policy.predict(observation, state, episode_start, deterministic)
        if not deterministic and self.policy.is_vectorized_observation(observation):
            stray = np.random.rand(len(actions)) < self.exploration_rate
            actions = np.where(stray, np.random.randint(self.action_space.n, size=len(actions)),
                               actions)
        return actions, state

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Gradient steps on batches from the buffer."""
        if not self.double:
            super().train(gradient_steps, batch_size)
            return
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        losses = []
        for _ in range(gradient_steps):
            batch = self.replay_buffer.sample(batch_size, env=self._vec_normalize_env)
            discounts = self.gamma if batch.discounts is None else batch.discounts
            with torch.no_grad():
                best = self.q_net(batch.next_observations).argmax(dim=1, keepdim=True)
                ahead = self.q_net_target(batch.next_observations).gather(1, best)
                target = batch.rewards + (1 - batch.dones) * discounts * ahead
            values = self.q_net(batch.observations).gather(1, batch.actions.long())
            loss = functional.smooth_l1_loss(values, target)
            losses.append(loss.item())
            self.policy.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
            self.policy.optimizer.step()
        self._n_updates += gradient_steps
        self.logger.record("train/loss", np.mean(losses))


class DepthExtractor(BaseFeaturesExtractor):
    """`DepthConv` where Stable-Baselines3 wants a features extractor.

    Parameters
    ----------
    observation_space : gymnasium.spaces.Box
    levels : int
        Of the book in the last columns.
    """

    def __init__(self, observation_space: spaces.Box, levels: int):
        columns = observation_space.shape[0]
        net = DepthConv(columns, levels)
        super().__init__(observation_space, net.width)
        self.net = net

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """From (N, columns) to (N, features)."""
        return self.net(observations)


CLASSES = {"dqn": BudgetDQN, "ppo": BudgetPPO, "sac": BudgetSAC}


def build(algo: str, recipe: Recipe, env, budget: Budget, levels: int = 0,
          at_work: int | None = None):
    """An untrained model of Stable-Baselines3.

    Parameters
    ----------
    algo : str
    recipe : Recipe
    env : VecEnv
    budget : Budget
    levels : int
        Of the book in the last columns of an observation; the recipe's ``features="depth"``
        needs them.
    at_work : int, optional
        Column of an observation that is 0 exactly where an environment idles: steps that PPO leaves
        out.

    Raises
    ------
    ValueError
        When the action space does not suit the algorithm or an option is unknown.
    """
    discrete = isinstance(env.action_space, spaces.Discrete)
    if algo == "dqn" and not discrete or algo == "sac" and discrete:
        kind = "discrete" if discrete else "continuous"
        raise ValueError(f"algo is {algo!r}; it cannot choose {kind} actions")
    kwargs: dict[str, Any] = {"net_arch": list(recipe.net),
                              "activation_fn": _ACTIVATIONS[recipe.activation]}
    if recipe.features == "depth":
        if not levels:
            raise ValueError("features is 'depth'; this environment shows no depth")
        kwargs |= {"features_extractor_class": DepthExtractor,
                   "features_extractor_kwargs": {"levels": levels}}
    options = dict(recipe.options)
    if "log_std_init" in options:
        kwargs["log_std_init"] = options.pop("log_std_init")
    if at_work is not None:
        if algo != "ppo":
            raise ValueError(f"algo is {algo!r}; names as environments are learned by ppo")
        if recipe.normalise_observations:
            raise ValueError("normalise_observations is True; with it idle names are not known")
        options |= {"rollout_buffer_class": AtWorkRollouts,
                    "rollout_buffer_kwargs": {"column": at_work}}
    double = bool(options.pop("double", False))
    if double and algo != "dqn":
        raise ValueError(f"double is an option of DQN; algo is {algo!r}")
    scale = options.pop("head_scale", None)
    if scale is not None and algo == "dqn":
        raise ValueError("head_scale is an option of PPO and SAC; algo is 'dqn'")
    if scale is not None and not 0 < scale < math.inf:
        raise ValueError(f"head_scale is {scale}; it must be a number above 0")
    try:
        model = CLASSES[algo]("MlpPolicy", env, learning_rate=recipe.rate, gamma=recipe.gamma,
                              batch_size=recipe.batch_size, policy_kwargs=kwargs, device="cpu",
                              **options)
    except TypeError as error:
        raise ValueError(f"options {sorted(options)} do not suit {algo}: {error}") from None
    model.budget = budget
    if algo == "dqn":
        model.double = double
    if scale is not None:
        head = model.policy.action_net if algo == "ppo" else model.actor.mu
        with torch.no_grad():
            head.weight.mul_(scale)
            head.bias.zero_()
    return model


def values_of(model, seen: np.ndarray) -> np.ndarray:
    """What the model expects to earn from here on, discounted; for SAC without the entropy.

    Parameters
    ----------
    seen : ndarray, shape (N, columns)
        As the model gets them.

    Returns
    -------
    ndarray, shape (N,)
    """
    with torch.no_grad():
        seen = torch.as_tensor(seen, dtype=torch.float32)
        if isinstance(model, DQN):
            return model.q_net(seen).max(dim=1).values.numpy()
        if isinstance(model, PPO):
            return model.policy.predict_values(seen)[:, 0].numpy()
        actions = model.actor(seen, deterministic=True)
        return torch.cat(model.critic(seen, actions), dim=1).min(dim=1).values.numpy()


def policy_of(model, recipe: Recipe, levels: int = 0, common: int = 0) -> PolicyNetwork:
    """The part of a model that acts, as a `PolicyNetwork` with its own copy of the weights.

    `levels` and `common` as in `PolicyShape`.
    """
    space, weights = model.action_space, model.policy.state_dict()
    kind = {"dqn": "values", "sac": "squashed"}.get(_name(model))
    if kind is None:
        kind = "categorical" if isinstance(space, spaces.Discrete) else "gaussian"
    outputs = int(space.n) if isinstance(space, spaces.Discrete) else int(np.prod(space.shape))
    shape = PolicyShape(model.observation_space.shape[0], outputs, kind, recipe.net,
                        recipe.activation, levels if recipe.features == "depth" else 0, common)
    prefix, body, heads = {
        "values": ("q_net.", "q_net.q_net.", {}),
        "categorical": ("", "mlp_extractor.policy_net.", {"action_net": "head"}),
        "gaussian": ("", "mlp_extractor.policy_net.", {"action_net": "head"}),
        "squashed": ("actor.", "actor.latent_pi.", {"actor.mu": "head", "actor.log_std": "spread"}),
    }[kind]
    last = 2 * len(recipe.net)  # layers and activations in turn; for DQN the head is one more
    moved = {}
    for name, value in weights.items():
        if name.startswith(body):
            rest = name.removeprefix(body)
            is_head = int(rest.split(".")[0]) == last
            moved[f"head.{rest.split('.', 1)[1]}" if is_head else f"body.{rest}"] = value
        elif name.startswith(f"{prefix}features_extractor.net."):
            moved["features." + name.removeprefix(f"{prefix}features_extractor.net.")] = value
        elif name == "log_std":
            moved["log_std"] = value
        for theirs, ours in heads.items():
            if name.startswith(theirs + "."):
                moved[ours + name.removeprefix(theirs)] = value
    return network_of(shape, moved)


def _name(model) -> str:
    return next(name for name, kind in CLASSES.items() if isinstance(model, kind))
