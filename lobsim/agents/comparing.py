r"""Agents and benchmarks on the same unseen seeds, with intervals that know where luck comes in.

Two kinds of luck decide what a table says: the markets on which policies were tried, and, for a
trained agent, the seed of its training. With the difference :math:`d_{se}` of agent s to a
benchmark on episode e (S agents, E episodes, all crossed), the mean is judged by

.. math:: \widehat{Var}(\bar d) = \frac{MS_s}{SE} + \frac{MS_e}{SE} - \frac{MS_{se}}{SE}

with the mean squares of agents, of episodes, and of what neither explains: an interaction is
counted in both of the first, so it is taken off once (Cameron, Gelbach and Miller 2011, equation
(2.2), two-way clusters that cross). The interval is Student's t with Satterthwaite's degrees of
freedom. It speaks of *a* training and *a* market; with one agent (S = 1) it speaks of that agent
and the markets alone.

References
----------
A. Cameron, J. Gelbach, D. Miller, "Robust inference with multiway clustering", Journal of Business
and Economic Statistics 29(2), 2011. F. Satterthwaite, Biometrics Bulletin 2(6), 1946.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import starmap

import numpy as np
import pandas as pd
from scipy.stats import t as student

from lobsim.agents.agent import Agent, AgentError
from lobsim.agents.case import Case
from lobsim.agents.cases import find_case
from lobsim.agents.judging import JUDGES, Judge, play, values
from lobsim.agents.seeds import MOST_EPISODES, test_seed
from lobsim.envs.evaluate import cvar

__all__ = ["NOT_TOLD_APART", "Comparison", "compare", "two_way_interval"]

NOT_TOLD_APART = "not told apart"
"""Verdict where the interval holds 0: these seeds do not decide, which is no proof of equality."""

_CONFIDENCE = 0.95
_ALL = "all"
_ROUNDING = 1e-9  # of the largest value: a difference below it is none


def two_way_interval(table: np.ndarray, confidence: float = _CONFIDENCE) -> tuple[float, float]:
    """Mean of a table of agents by episodes, and the half-width of its interval.

    Parameters
    ----------
    table : ndarray, shape (S, E) or (E,)
        What each agent (training seed) gained on each episode.
    confidence : float

    Returns
    -------
    mean, half : float
        The half-width is NaN for fewer than two episodes.

    Examples
    --------
    >>> mean, half = two_way_interval(np.array([1.0, 2.0, 3.0]))
    >>> mean, round(half, 3)
    (2.0, 2.484)
    """
    table = np.atleast_2d(np.asarray(table, dtype=float))
    agents, episodes = table.shape
    mean = float(table.mean())
    if episodes < 2:
        return mean, math.nan
    by_episode = float(table.mean(axis=0).var(ddof=1)) / episodes
    if agents == 1:
        return mean, float(student.ppf(0.5 + confidence / 2, episodes - 1)) * math.sqrt(by_episode)
    by_agent = float(table.mean(axis=1).var(ddof=1)) / agents
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + mean
    both = float((rest**2).sum()) / ((agents - 1) * (episodes - 1)) / (agents * episodes)
    variance = max(by_agent + by_episode - both, by_episode)
    if variance == 0.0:
        return mean, 0.0
    freedom = variance**2 / (by_agent**2 / (agents - 1) + by_episode**2 / (episodes - 1))
    freedom = max(freedom, agents - 1.0) if by_agent > 0 else episodes - 1.0
    return mean, float(student.ppf(0.5 + confidence / 2, freedom)) * math.sqrt(variance)


@dataclass(frozen=True, eq=False)
class Comparison:
    """What several policies did on the same blocks of seeds.

    Attributes
    ----------
    case : Case
    episodes : DataFrame
        A row for each policy, member (agent of a training seed; 0 for benchmarks), block and
        episode, with the columns of `lobsim.agents.judging.play`.
    benchmarks : list of str
    optimum : float or None
        The best that can be in the main measure, computed and not simulated.
    exact : mapping of str to float
        The main measure of agents without simulation, mean over members, where it is known.
    """

    case: Case
    episodes: pd.DataFrame
    benchmarks: list[str]
    optimum: float | None = None
    exact: Mapping[str, float] = field(default_factory=dict)

    @property
    def judge(self) -> Judge:
        """Measures of the case."""
        return JUDGES[self.case.judge]

    @property
    def agents(self) -> list[str]:
        """Policies that are no benchmarks."""
        return [name for name in self.episodes["policy"].unique() if name not in self.benchmarks]

    def contributions(self, policy: str, measure: str, block: int | str = _ALL) -> np.ndarray:
        """What every episode contributes to a measure, shape (members, episodes)."""
        own = self.episodes[self.episodes["policy"] == policy]
        if block != _ALL:
            own = own[own["block"] == block]
        return np.stack([values(self.case, measure, member)
                         for _, member in own.groupby("member", sort=True)])

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each policy, all blocks together.

        Returns
        -------
        DataFrame
            Index ``policy``; each measure and its half-width (``..._half``, 95 %); ``std`` and
            ``cvar`` (mean of the worst 5 %) of the shortfall or profit; means of what else is told
            (``completion`` ...); ``members``; ``exact``, where it is known.
        """
        rows = {}
        for name, own in self.episodes.groupby("policy", sort=False):
            row: dict[str, float] = {}
            for measure in self.judge.measures:
                row[measure.name], row[f"{measure.name}_half"] = two_way_interval(
                    self.contributions(name, measure.name))
            risk = own[self.judge.risk].to_numpy()
            row["std"] = float(risk.std(ddof=1))
            row["cvar"] = -cvar(-risk) if self.judge.main.more_is_better else cvar(risk)
            row |= {told: float(own[told].mean()) for told in self.judge.told if told in own}
            row["members"] = own["member"].nunique()
            if self.exact:
                row["exact"] = self.exact.get(name, math.nan)
            rows[name] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy")

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Paired differences of every agent to every other policy.

        Returns
        -------
        DataFrame
            ``policy, against, measure, block`` (a number, or "all"), ``difference, half, low,
            high`` (95 %), ``verdict`` ("better", "worse" or "not told apart": whether the
            interval leaves out 0).
        """
        blocks = [*self.episodes["block"].unique(), _ALL]
        rows = []
        for name in self.agents:
            for against in self.episodes["policy"].unique():
                if against == name:
                    continue
                rows += [self.difference(name, against, measure.name, block)
                         for measure in self.judge.measures for block in blocks]
        return pd.DataFrame(rows)

    def difference(self, policy: str, against: str, measure: str | None = None,
                   block: int | str = _ALL) -> dict:
        """Paired difference of two policies in a measure (by default the main one), on a block."""
        measure = measure or self.judge.main.name
        own = self.contributions(policy, measure, block)
        other = self.contributions(against, measure, block)
        if len(other) not in (1, len(own)) and len(own) != 1:
            raise ValueError(f"{policy} has {len(own)} agents and {against} {len(other)}; they "
                             f"cannot be paired")
        mean, half = two_way_interval(own - other)
        sign = 1.0 if self.judge.measure(measure).more_is_better else -1.0
        rounding = _ROUNDING * float(np.abs(own).max())
        verdict = "better" if sign * mean > 0 else "worse"
        if not abs(mean) > max(half, rounding):
            verdict = NOT_TOLD_APART
        return {"policy": policy, "against": against, "measure": measure, "block": block,
                "difference": mean, "half": half, "low": mean - half, "high": mean + half,
                "verdict": verdict}

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return {"case": self.case.name, "measure": self.judge.main.name,
                "more_is_better": self.judge.main.more_is_better, "optimum": self.optimum,
                "episodes": int(self.episodes.groupby(["policy", "member"]).size().iloc[0]),
                "table": self.table.reset_index().to_dict("records"),
                "differences": self.differences.to_dict("records")}


def compare(case: str | Case, agents: Mapping[str, Agent | Sequence[Agent]] | Sequence[Agent] = (),
            *, seeds: int = 500, blocks: int = 2, first_block: int = 0, blinded: bool = False,
            sampled: bool = False, benchmarks: Mapping | None = None,
            spread: Callable = starmap) -> Comparison:
    """Play agents and benchmarks on blocks of unseen seeds.

    Parameters
    ----------
    case : str or Case
    agents : mapping of str to Agent or list of Agent, or sequence of Agent
        Agents of a list (or, without names, those with the same `Agent.label`) are taken together:
        they should differ in their training seed alone. One that was trained for another task
        (a shorter horizon, say) is played in this one.
    seeds : int
        Episodes of a block, at least 2.
    blocks, first_block : int
        Test blocks: `lobsim.agents.seeds`. No training and no validation ever saw one of them.
    blinded : bool
        Add every agent with its signals blanked: what did it gain by looking? And with each group
        of columns that its case names.
    sampled : bool
        Add every agent with its chance: what acted in training.
    benchmarks : mapping of str to policy, optional
        In place of the case's.
    spread : callable
        `lobsim.agents.ray_days.on_cluster` plays portfolio days on a Ray cluster: the same numbers.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        When an agent is of another environment or an argument is wrong.

    Examples
    --------
    >>> found = compare("chriss", seeds=10, blocks=1)
    >>> round(float(found.table.loc["TWAP", "objective_bps"]), 1)
    349.1
    """
    case = find_case(case)
    if not 2 <= seeds <= MOST_EPISODES or blocks < 1:
        raise ValueError(f"seeds is {seeds} and blocks {blocks}; they must be from 2 to "
                         f"{MOST_EPISODES}, and at least 1")
    env = case.vector(min(case.judge_envs, seeds))
    rules = case.benchmarks(env) if benchmarks is None else dict(benchmarks)
    groups = _groups(case, agents)
    if spread is not starmap and (case.judge != "portfolio" or sampled):
        raise ValueError("a cluster plays the days of case portfolio, of agents without chance; "
                         "play anything else on one machine")
    clash = sorted(set(groups) & set(rules))
    if clash:
        raise ValueError(f"an agent and a benchmark are both called {clash[0]!r}")
    tables = []
    for block in range(first_block, first_block + blocks):
        policies = {(name, 0): policy for name, policy in rules.items()}
        for label, members in groups.items():
            for k, agent in enumerate(members):
                policies |= _variants(label, k, agent, block, blinded, sampled)
        keys = {f"{name}\n{k}": (name, k) for name, k in policies}
        played = play(case, dict(zip(keys, policies.values(), strict=True)), seeds,
                      test_seed(block), spread)
        names = played["policy"].map(keys)
        played["policy"], played["member"] = names.str[0], names.str[1].astype(int)
        tables.append(played.assign(block=block))
    order = {name: None for name in rules} | {name: None for name, _ in policies}
    table = pd.concat(tables, ignore_index=True)
    table["policy"] = pd.Categorical(table["policy"], list(order), ordered=True)
    table = table.sort_values(["policy", "member", "block"], kind="stable", ignore_index=True)
    table["policy"] = table["policy"].astype(str)
    optimum = case.optimum(env) if case.optimum else None
    return Comparison(case, table, list(rules), optimum, _exact(case, groups))


def _groups(case: Case, agents) -> dict[str, list[Agent]]:
    """Agents by the name of their row."""
    groups: dict[str, list[Agent]] = {}
    if isinstance(agents, Mapping):
        for name, one in agents.items():
            groups[name] = [one] if callable(one) else list(one)
    else:
        for agent in [agents] if callable(agents) else agents:
            groups.setdefault(agent.label, []).append(agent)
    for name, members in groups.items():
        if not members:
            raise ValueError(f"{name} has no agents")
        for agent in members:
            if getattr(agent, "case", case.name) != case.name:
                raise AgentError(f"{name} was trained for case {agent.case}; this is {case.name}")
    return groups


def _variants(label, k, agent, block, blinded, sampled) -> dict:
    found = {(label, k): agent}
    if blinded and getattr(agent, "record", {}).get("signals"):
        found[f"{label}, signals blanked", k] = agent.blinded()
        for group in agent.record.get("groups", {}):
            found[f"{label}, {group} blanked", k] = agent.blinded(group)
    if sampled and hasattr(agent, "sampled"):
        rng = np.random.default_rng([agent.record.get("seed") or 0, block])
        found[f"{label}, sampled", k] = agent.sampled(rng)
    return found


def _exact(case: Case, groups) -> dict[str, float]:
    """The main measure of agents by the case's exact method."""
    if case.exact is None:
        return {}
    return {name: float(np.mean([case.exact(case.vector(1, **getattr(one, "environment", {})), one)
                                 for one in members])) for name, members in groups.items()}
