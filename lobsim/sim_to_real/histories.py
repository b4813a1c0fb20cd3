"""Trains agents on one recorded history, on a few, or on ever new ones; and plays them on both.

A history is a market seed: with it everything but the agent's own doing is the same each time, as
in a replay of a recorded day in which the market responds to the agent's orders. With few of them
an agent that sees the time can learn *when* the price was high. `overfitting` tells such agents.

The last agent of a training comes back, not the best one on validation days: whoever has one
history has no others to choose by, and to choose on fresh days is a cure (early stopping), which
would hide what is to be seen here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from lobsim.agents.agent import Agent
from lobsim.agents.case import Case
from lobsim.agents.cases import find_case
from lobsim.agents.seeds import test_seed, training_seed
from lobsim.agents.training import Training
from lobsim.envs.evaluate import evaluate
from lobsim.envs.seeding import episode_seeds
from lobsim.envs.vector import Episodes
from lobsim.sim_to_real.overfitting import find_overfitting

__all__ = ["gains_on", "history_gains", "history_seeds", "learning_curve", "train_on_histories"]


def history_seeds(seed: int, histories: int) -> list[int]:
    """Market seeds of the histories that a training seed is given.

    Parameters
    ----------
    seed : int
        Of the training; others have other histories.
    histories : int
        At least 1.

    Examples
    --------
    >>> history_seeds(0, 1) == history_seeds(0, 4)[:1] != history_seeds(1, 1)
    True
    """
    if histories != int(histories) or histories < 1:
        raise ValueError(f"histories is {histories}; it must be a whole number above 0")
    return episode_seeds(training_seed(seed), 0, int(histories)).tolist()


class _Replayed(Episodes):
    """Episodes that come from a list of market seeds, in turn, again and again."""

    def __init__(self, count: int, seeds: Sequence[int]):
        super().__init__(count)
        self._seeds = list(seeds)

    def next(self, rows, rng) -> list[int]:
        """Environment i begins at history i, so that all of them are played alike often."""
        found = []
        for i in rows:
            if self._bases[i] is None:
                self.reseed(i, 0)
            found.append(self._seeds[(i + self._played[i]) % len(self._seeds)])
            self._played[i] += 1
        return found


def train_on_histories(case: str | Case, algo: str, seed: int = 0, *, histories: int | None,
                       steps: int | None = None, progress: Callable | None = None,
                       **overrides) -> Agent:
    """Train an agent on so many histories, and no others.

    Parameters
    ----------
    case : str or Case
        Judged as "execution".
    algo : str
    seed : int
        Of the training, and of its histories (`history_seeds`).
    histories : int, optional
        How many are replayed; None = every episode is a new one.
    steps : int, optional
        Environment steps; by default those of the recipe.
    progress : callable, optional
        As in `lobsim.agents.train`.
    **overrides
        As in `lobsim.agents.train`.

    Returns
    -------
    Agent
        As it was at the end; ``record["histories"]`` holds their market seeds, [] for ever new
        ones.
    """
    case = _execution(case)
    training = Training(case, algo, seed, steps=steps, progress=progress,
                        **{"validations": 1} | overrides)
    seeds = [] if histories is None else history_seeds(seed, histories)
    if seeds:
        training.native._episodes = _Replayed(training.native.num_envs, seeds)
    best = training.run()
    agent = training.agent()
    agent.record |= {"histories": seeds, "interrupted": best.record["interrupted"],
                     "trained_steps": training.model.num_timesteps}
    return agent


def gains_on(case: str | Case, agents: Sequence, rule, *, days: int, seed: int) -> np.ndarray:
    """What agents gain over a rule on the first days of a base seed, as it came, bps.

    Parameters
    ----------
    case : str or Case
    agents : sequence of Agent or policy
        A policy without ``environment`` acts in the case's own.
    rule : policy
        As `lobsim.envs.evaluate` takes them: a rule, a function, or a pair with settings.
    days, seed : int
        The days are ``episode_seeds(seed, 0, days)``.

    Returns
    -------
    ndarray, shape (agents, days)
        Shortfall of the rule less that of the agent, positive = the agent is better.
    """
    case = _execution(case)
    policies = {"rule": rule}
    for k, agent in enumerate(agents):
        own = getattr(agent, "environment", None)
        policies[f"agent {k}"] = (agent, own) if own else agent
    found = evaluate(policies, episodes=max(2, days), seed=seed, num_envs=case.judge_envs,
                     **case.settings).episodes
    wide = found.pivot(index="seed", columns="policy", values="shortfall_bps")
    wide = wide.loc[episode_seeds(seed, 0, days)]
    return np.stack([(wide["rule"] - wide[name]).to_numpy() for name in list(policies)[1:]])


def history_gains(case: str | Case, agents: Mapping[int, Agent], rule, *, histories: int,
                  days: int = 256, block: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Gains of agents on the histories of their training, and on fresh days.

    Parameters
    ----------
    case : str or Case
    agents : mapping of int to Agent
        By the training seed.
    rule : policy
        See `gains_on`.
    histories : int
        Of each training.
    days, block : int
        Fresh days, of a test block (`lobsim.agents.seeds`).

    Returns
    -------
    own, fresh : ndarray, shapes (agents, histories) and (agents, days)
        For `lobsim.sim_to_real.find_overfitting`.
    """
    own = np.concatenate([gains_on(case, [agent], rule, days=histories, seed=training_seed(seed))
                          for seed, agent in agents.items()])
    return own, gains_on(case, list(agents.values()), rule, days=days, seed=test_seed(block))


def learning_curve(case: str | Case, algo: str, rule, *, histories: Iterable[int] = (1, 4, 16, 64),
                   seeds: Iterable[int] = (0, 1, 2), days: int = 256, steps: int | None = None,
                   **overrides) -> pd.DataFrame:
    """Gains on own and on fresh days by the number of histories, with the same steps for each.

    Parameters
    ----------
    case, algo, steps, **overrides
        As in `train_on_histories`.
    rule : policy
        See `gains_on`.
    histories : iterable of int
        In the order of the table.
    seeds : iterable of int
        Training seeds of each.
    days : int
        Fresh days.

    Returns
    -------
    DataFrame
        A row for each number of histories: ``own, fresh, gap, low, high, p_value, agents,
        histories, days`` of `lobsim.sim_to_real.find_overfitting`, all in bps.
    """
    rows, seeds = [], list(seeds)
    for count in histories:
        agents = {seed: train_on_histories(case, algo, seed, histories=count, steps=steps,
                                           **overrides) for seed in seeds}
        found = find_overfitting(*history_gains(case, agents, rule, histories=count, days=days))
        rows.append(vars(found))
    return pd.DataFrame(rows)


def _execution(case: str | Case) -> Case:
    case = find_case(case)
    if case.judge != "execution":
        raise ValueError(f"case {case.name} is judged by {case.judge}; histories are told apart "
                         f"for cases of execution")
    return case
