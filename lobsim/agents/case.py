"""What an agent is trained for and judged by, `Case`, and by which arguments, `Recipe`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import gymnasium

import lobsim.envs  # noqa: F401  (registers the environments)
from lobsim.envs.execution_layout import depth_names

__all__ = ["ALGORITHMS", "Case", "Recipe"]

ALGORITHMS = ("dqn", "ppo", "sac")
_ACTIVATIONS = ("tanh", "relu")
_FEATURES = ("flat", "depth")
_DECAYS = ("linear", "constant")
_OF_THE_AGENT = ("blind", "depth_levels")  # settings that say what an agent sees


@dataclass(frozen=True, eq=False)
class Recipe:
    """How one algorithm is trained on one case.

    Attributes
    ----------
    n_envs : int
        Environments side by side.
    steps : int
        Environment steps of all of them together, unless `train` is told another budget.
    learning_rate : float
        At the start.
    decay : str
        "linear": falls to `final_rate` times the start over the budget; "constant".
    final_rate : float
        Share of the learning rate that is left at the end, 0 to 1.
    gamma : float
        Discount of a step, 0 to 1.
    net : tuple of int
        Widths of the hidden layers.
    activation : str
        "tanh" or "relu".
    features : str
        "flat": the observation as it is; "depth": `lobsim.agents.networks.DepthConv` in front,
        for an environment with ``depth_levels`` (at least 3).
    batch_size : int
        Transitions of a gradient step.
    options : mapping
        Further arguments of the class in Stable-Baselines3 (``n_steps``, ``ent_coef`` ...); for
        DQN also ``double`` (bool, van Hasselt 2016), for PPO ``log_std_init`` (of a continuous
        action; 0 explores the whole of -1..1), and for PPO and SAC ``head_scale``
        (above 0: the first weights of the last layer times this, its bias 0; with 0.01 a
        `residual` agent begins at its rule to within a hundredth of what it may add).
    settings : mapping
        Of the environment, for this algorithm (``{"actions": "continuous"}``). They hold in
        judgement, too: the environment is part of the agent.
    training : mapping
        Settings of the environment in training only (reward, exploring starts).
    residual : float, optional
        The network's action, times this, is added to that of the case's rule (`Case.base`).
    normalise_observations, normalise_rewards : bool
        By running moments of the training; frozen with the agent.
    validations : int
        How often the agent is validated over the budget, beside once at the start.
    stagger : bool
        First episodes are cut at different times, so that the environments are not in step.
    threads : int
        Of torch. More than one is slower for batches below some 2,048.
    keep_buffer : bool
        Whether a checkpoint holds the replay buffer (DQN, SAC).
    """

    n_envs: int = 16
    steps: int = 100_000
    learning_rate: float = 3e-4
    decay: str = "linear"
    final_rate: float = 0.05
    gamma: float = 0.99
    net: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    features: str = "flat"
    batch_size: int = 256
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    residual: float | None = None
    normalise_observations: bool = False
    normalise_rewards: bool = False
    validations: int = 10
    stagger: bool = False
    threads: int = 1
    keep_buffer: bool = True

    def __post_init__(self):
        object.__setattr__(self, "net", tuple(self.net))
        for name in ("n_envs", "steps", "batch_size", "validations", "threads"):
            value = getattr(self, name)
            if value != int(value) or value < 1:
                raise ValueError(f"{name} is {value}; it must be a whole number above 0")
            object.__setattr__(self, name, int(value))
        if not self.net or any(width != int(width) or width < 1 for width in self.net):
            raise ValueError(f"net is {self.net}; it must hold whole numbers above 0")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate is {self.learning_rate}; it must be above 0")
        for name in ("gamma", "final_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be from 0 to 1")
        for name, allowed in (("decay", _DECAYS), ("activation", _ACTIVATIONS),
                              ("features", _FEATURES)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed are "
                                 f"{', '.join(map(repr, allowed))}")
        if self.residual is not None and not 0 < self.residual <= 2:
            raise ValueError(f"residual is {self.residual}; it must be above 0 and at most 2")

    def rate(self, remaining: float) -> float:
        """Learning rate when a share of the budget remains, 1 to 0."""
        if self.decay == "constant":
            return self.learning_rate
        return self.learning_rate * (self.final_rate + (1.0 - self.final_rate) * remaining)


@dataclass(frozen=True, eq=False)
class Case:
    """A task with its benchmarks.

    Attributes
    ----------
    name : str
    title : str
        What it is about, in a few words.
    world : str
        Environment id.
    judge : str
        "execution" (cost in bps, less is better), "making" (certainty equivalent of the profit,
        more is better), "schedule" or "portfolio" (cost and risk in bps, less is better); see
        `lobsim.agents.judging`.
    settings : mapping
        Of the environment, in training and in judgement.
    recipes : mapping of algorithm to Recipe
    benchmarks : callable
        ``benchmarks(env) -> {name: policy}`` for the judged vector environment; policies as the
        evaluation of the environment takes them. The first is the strongest that is no optimum.
    columns : tuple of str
        Names of the columns of an observation, but for those of ``depth_levels``.
    signals : tuple of int
        Which of them tell of the market: those that a blind agent lacks, beside all levels.
    groups : mapping of str to tuple of int
        Other columns by what they tell of; a comparison blanks one group at a time.
    learner : callable, optional
        ``learner(env) -> VectorEnv``: what learns in place of the vector environment. With
        `lobsim.envs.portfolio_names.NamesVectorEnv` every name of a day is an environment of its
        own; `columns`, `signals` and `groups` are those of a name then, ``n_envs`` of a recipe
        counts days and ``steps`` decisions of names.
    base : callable, optional
        ``base(env) -> policy``, a `QuotePolicy` of `LinearQuotes` or a `SignalQuotes`: the rule
        that residual recipes add to.
    optimum : callable, optional
        ``optimum(env) -> float``: the best that can be, in the judge's main measure.
    exact : callable, optional
        ``exact(env, policy) -> float``: the same of a policy, without simulation.
    validation_episodes : int
    judge_envs : int
        Environments side by side in validation and judgement.
    """

    name: str
    title: str
    world: str
    judge: str
    settings: Mapping[str, Any]
    recipes: Mapping[str, Recipe]
    benchmarks: Callable[[Any], dict]
    columns: tuple[str, ...] = ()
    signals: tuple[int, ...] = ()
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    learner: Callable[[Any], Any] | None = None
    base: Callable[[Any], Callable] | None = None
    optimum: Callable[[Any], float] | None = None
    exact: Callable[[Any, Callable], float] | None = None
    validation_episodes: int = 64
    judge_envs: int = 64

    def recipe(self, algo: str) -> Recipe:
        """The recipe of an algorithm, or a `ValueError`."""
        if algo not in self.recipes:
            raise ValueError(f"algo is {algo!r}; case {self.name} is trained by "
                             f"{', '.join(self.recipes)}")
        return self.recipes[algo]

    def vector(self, num_envs: int, **changes):
        """The native vector environment with this case's settings and some changes.

        Raises
        ------
        ValueError
            When a setting is unknown or wrong.
        """
        try:
            made = gymnasium.make_vec(self.world, num_envs=num_envs, **{**self.settings, **changes})
        except TypeError as error:
            if "unexpected keyword argument" not in str(error):
                raise
            name = str(error).rsplit("'", 2)[-2]
            raise ValueError(f"{name} is neither an argument of a recipe nor a setting of "
                             f"{self.world}") from None
        return made.unwrapped

    def columns_of(self, settings: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """Names of all columns that an agent with some settings of its own sees, levels last."""
        levels = {**self.settings, **(settings or {})}.get("depth_levels", 0)
        return self.columns + depth_names(int(levels))

    def with_settings(self, **changes) -> "Case":
        """The same case in another environment: a shorter horizon, another profile, latency ...

        Its optimum, exact values and tuned rules are worked out for the new settings where they
        depend on the environment; numbers that stand in the case's file stay as they are.
        """
        return replace(self, settings={**self.settings, **changes})

    def changed(self, algo: str, **overrides) -> tuple["Case", Recipe]:
        """The case and the recipe of an algorithm, with overrides.

        Parameters
        ----------
        algo : str
        **overrides
            Fields of the recipe (mappings are merged); ``blind``, ``depth_levels`` and settings
            that the recipe makes, which belong to the agent; or else settings of the environment,
            which change the task itself, as `with_settings` does.
        """
        recipe = self.recipe(algo)
        own = {field.name for field in fields(Recipe)}
        changes: dict[str, Any] = {}
        for name in sorted(own & set(overrides)):
            value, before = overrides[name], getattr(recipe, name)
            changes[name] = {**before, **value} if isinstance(before, Mapping) else value
        task = {}
        for name in sorted(set(overrides) - own):
            place = next((place for place in ("training", "settings")
                          if name in getattr(recipe, place)), None)
            if name in _OF_THE_AGENT:
                place = "settings"
            if place is None:
                task[name] = overrides[name]
            else:
                changes[place] = {**changes.get(place, getattr(recipe, place)),
                                  name: overrides[name]}
        if overrides.get("blind") and not self.signals:
            raise ValueError(f"blind is True; case {self.name} has no signals to hide")
        if changes.get("residual") and self.base is None:
            raise ValueError(f"residual is {changes['residual']}; case {self.name} has no rule "
                             f"to add to")
        return self.with_settings(**task) if task else self, replace(recipe, **changes)
