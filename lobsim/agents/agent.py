"""`Agent`: what a training leaves behind. It acts on observations, and lies in two plain files."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lobsim.agents.networks import PolicyNetwork, PolicyShape, network_of
from lobsim.envs.portfolio_names import rows_of

__all__ = ["Agent", "AgentError", "Moments", "shipped_names"]

ARRAYS, RECORD = "policy.npz", "agent.json"
FORMAT = 1
MODELS = Path(__file__).resolve().parent / "models"
_NORMAL = "normal."  # before the names of the arrays that normalise


class AgentError(ValueError):
    """A folder that holds no agent, or one that does not fit what is asked of it."""


class Moments:
    """Mean and standard deviation by which observations are normalised, frozen.

    Parameters
    ----------
    mean, std : ndarray of float, shape (columns,)
    clip : float
        Bound of what comes out.
    """

    def __init__(self, mean, std, clip: float):
        self.mean, self.std = np.asarray(mean, float), np.asarray(std, float)
        self.clip = float(clip)

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        return np.clip((seen - self.mean) / self.std, -self.clip, self.clip).astype(np.float32)


def shipped_names() -> list[str]:
    """Names of the agents that come with the library, for `Agent.load`."""
    return sorted(path.parent.name for path in MODELS.glob(f"*/{RECORD}"))


class Agent:
    """A trained policy: from observations of N environments to their actions.

    Parameters
    ----------
    network : PolicyNetwork
    record : mapping
        What ``agent.json`` holds: ``case, algo, seed, steps, task`` (settings of the case),
        ``environment`` (settings of the agent beside those), ``signals`` (columns that tell of
        the market), ``groups`` (others, by what they tell of), ``blind``, ``low`` and ``high`` (of
        a continuous action), ``residual``, ``epsilon``, ``validation`` and how it was made.
    moments : Moments, optional
        Of normalisation.
    base : QuotePolicy of LinearQuotes, or SignalQuotes, optional
        Rule to whose actions the network's are added, times ``record["residual"]``.

    Examples
    --------
    >>> shape = PolicyShape(3, 2, "categorical", (8,), "tanh")
    >>> agent = Agent(PolicyNetwork(shape), {"case": "mine", "algo": "ppo", "signals": [2]})
    >>> agent(np.zeros((4, 3), np.float32)).shape
    (4,)
    """

    def __init__(self, network: PolicyNetwork, record: Mapping[str, Any], *,
                 moments: Moments | None = None, base: Callable | None = None):
        self.network, self.record = network.eval(), dict(record)
        self.moments, self.base = moments, base
        if self.record.get("residual") and base is None:
            raise AgentError("the agent adds to a rule, which is missing")

    # -- what it is ------------------------------------------------------------------------------

    @property
    def case(self) -> str:
        """Name of the case that it was trained for."""
        return self.record["case"]

    @property
    def algo(self) -> str:
        """dqn, ppo or sac."""
        return self.record["algo"]

    @property
    def label(self) -> str:
        """What a table calls it; the same for agents that differ in their training seed alone."""
        levels = self.environment.get("depth_levels", 0)
        by = " by convolution" if self.network.shape.levels else ""
        return (self.algo.upper() + (", blind" if self.record.get("blind") else "")
                + (f", {levels} levels{by}" if levels else ""))

    @property
    def environment(self) -> dict[str, Any]:
        """Settings in which its environment differs from the case's."""
        return self.record.get("environment", {})

    @property
    def is_discrete(self) -> bool:
        """Whether it chooses one of several actions."""
        return self.network.shape.kind in ("values", "categorical")

    def __repr__(self) -> str:
        blanked = f", {name} blanked" if (name := self.record.get("blanked")) else ""
        return (f"Agent({self.case}, {self.label}{blanked}, seed {self.record.get('seed')}, "
                f"{self.record.get('steps', 0):,} steps)")

    # -- acting ----------------------------------------------------------------------------------

    def seen(self, observations) -> np.ndarray:
        """What the network gets of observations (N, columns): signals blanked, normalised.

        Of observations of whole days a row for each name (`lobsim.envs.portfolio_names.rows_of`).
        """
        seen = np.array(observations, dtype=np.float32)  # a copy: the caller's stays as it is
        shape = self.network.shape
        if shape.common and seen.ndim == 2:
            try:
                seen = rows_of(seen, shape.columns - shape.common, shape.common)
            except ValueError as error:
                raise AgentError(f"the observations are not for this agent: {error}") from None
        if seen.ndim != 2 or seen.shape[1] != self.network.shape.columns:
            raise AgentError(f"observations have the shape {seen.shape}; this agent sees "
                             f"(N, {self.network.shape.columns})")
        if self.record.get("blind"):
            seen[:, self.record.get("signals", [])] = 0.0
        if self.record.get("blanked"):
            seen[:, self._columns(self.record["blanked"])] = 0.0
        return seen if self.moments is None else self.moments(seen)

    def _columns(self, group: str) -> list[int]:
        """Columns of a group, or the signals."""
        found = {"signals": self.record.get("signals")} | self.record.get("groups", {})
        if not found.get(group):
            raise AgentError(f"case {self.case} has no {group} to blank")
        return list(found[group])

    def scores(self, observations) -> np.ndarray:
        """What the head says: values (DQN) or logits of actions, or the centre before the bounds.

        Returns
        -------
        ndarray of float32, shape (N, outputs), or (N M, outputs) for days of M names
        """
        with torch.no_grad():
            return self.network(torch.from_numpy(self.seen(observations))).centre.numpy()

    def __call__(self, observations) -> np.ndarray:
        """The best actions as it sees it, without chance.

        Parameters
        ----------
        observations : array-like, shape (N, columns)

        Returns
        -------
        ndarray
            Integers (N,), or float32 (N, k) within the bounds; (N, M k) for days of M names.
        """
        centre = self.scores(observations)
        if self.is_discrete:
            return centre.argmax(axis=1)
        if self.network.shape.kind == "squashed":
            centre = np.tanh(centre)
        return self._within(centre, observations)

    def _within(self, numbers, observations) -> np.ndarray:
        """Actions of the environment from numbers of the network, -1 to 1."""
        numbers = numbers.reshape(len(observations), -1)  # names of a day side by side again
        low, high = (np.resize(np.asarray(self.record[name], np.float32), numbers.shape[1])
                     for name in ("low", "high"))
        squashed = self.network.shape.kind == "squashed"
        own = low + 0.5 * (np.clip(numbers, -1, 1) + 1.0) * (high - low) if squashed \
            else np.clip(numbers, low, high)
        if self.base is not None:
            own = self.base(observations) + self.record["residual"] * own
        return np.clip(own, low, high).astype(np.float32)

    def sampled(self, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
        """The policy with its chance: what acted in training. The two can differ completely.

        DQN: a random action with the last probability of its training; PPO: drawn from its
        distribution; SAC: the same.

        Parameters
        ----------
        rng : numpy.random.Generator
        """
        def policy(observations):
            with torch.no_grad():
                said = self.network(torch.from_numpy(self.seen(observations)))
            centre = said.centre.numpy()
            kind = self.network.shape.kind
            if kind == "values":
                best, count = centre.argmax(axis=1), len(centre)
                stray = rng.random(count) < self.record.get("epsilon", 0.0)
                return np.where(stray, rng.integers(centre.shape[1], size=count), best)
            if kind == "categorical":  # the largest of logits and Gumbel noise is drawn by them
                return (centre + rng.gumbel(size=centre.shape)).argmax(axis=1)
            std = np.exp(said.log_std.detach().numpy())
            drawn = centre + std * rng.standard_normal(centre.shape)
            return self._within(np.tanh(drawn) if kind == "squashed" else drawn, observations)

        policy.environment = self.environment
        return policy

    def blinded(self, group: str = "signals") -> "Agent":
        """The same agent for which some columns are always 0: what did it gain by looking?

        Of an agent that adds to a rule the network alone is blinded; the rule sees as before. What
        is lost tells how much the agent *uses* the columns, 0 being a value like another; what one
        would lose that never had them is told by a training without them alone.

        Parameters
        ----------
        group : str
            "signals", or one of the groups of its case.
        """
        self._columns(group)
        return Agent(self.network, self.record | {"blanked": group}, moments=self.moments,
                     base=self.base)

    # -- files -----------------------------------------------------------------------------------

    def save(self, folder) -> Path:
        """Write ``policy.npz`` (plain arrays) and ``agent.json`` into a folder, made if needed.

        Settings of the environment that JSON cannot hold are named in ``not_kept``; they are those
        of the named case when the agent is loaded.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: value.numpy() for name, value in self.network.state_dict().items()}
        if self.moments is not None:
            arrays |= {f"{_NORMAL}mean": self.moments.mean, f"{_NORMAL}std": self.moments.std,
                       f"{_NORMAL}clip": np.array(self.moments.clip)}
        record = {"format": FORMAT, "network": self.network.shape.as_dict()} | self.record
        record["environment"], lost = _plain(self.environment)
        record["task"], unkept = _plain(self.record.get("task", {}))
        record["not_kept"] = self.record.get("not_kept", lost + unkept)
        if self.base is not None:
            record["base"] = _described_base(self.base)
        _write(folder / ARRAYS, lambda file: np.savez(file, **arrays))
        text = json.dumps(record, indent=1) + "\n"
        _write(folder / RECORD, lambda file: file.write(text.encode()))
        return folder

    @classmethod
    def load(cls, where) -> "Agent":
        """Read an agent from a folder, or one that is shipped by its name.

        Parameters
        ----------
        where : path or str
            A folder, or one of `shipped_names`.

        Raises
        ------
        AgentError
            When there is none, or its files are damaged. Nothing in them is ever executed.
        """
        folder = Path(where)
        if not (folder / RECORD).is_file() and str(where) in shipped_names():
            folder = MODELS / str(where)
        if not (folder / RECORD).is_file():
            known = ", ".join(shipped_names()) or "none yet"
            raise AgentError(f"{where} is no folder of an agent (it has no {RECORD}) and no "
                             f"shipped one; shipped are: {known}")
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            if record.pop("format") != FORMAT:
                raise ValueError("it was written by another version")
            shape = record.pop("network")
            shape = PolicyShape(**shape | {"net": tuple(shape["net"])})
            with np.load(folder / ARRAYS, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            normal = {name: arrays.pop(_NORMAL + name) for name in ("mean", "std", "clip")
                      if _NORMAL + name in arrays}
            network = network_of(shape, {name: torch.from_numpy(np.array(value))
                                         for name, value in arrays.items()})
        except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, OSError,
                EOFError) as error:
            told = " ".join(str(error).split())[:200]
            raise AgentError(f"the agent in {folder} cannot be read: {told}") from None
        for name in ("environment", "task"):
            record[name] = _tuples(record.get(name, {}))
        try:
            base = _base_of(record)
        except (KeyError, TypeError) as error:
            raise AgentError(f"the rule of the agent in {folder} cannot be read: {error}") from None
        return cls(network, record, moments=Moments(**normal) if normal else None, base=base)


def _described_base(base) -> dict[str, Any]:
    """A rule's kind and numbers: its environment is that of the agent."""
    rule = getattr(base, "quotes", base)
    numbers = {one.name: getattr(rule, one.name) for one in fields(rule) if one.name != "env"}
    return {"rule": type(rule).__name__} | numbers


def _base_of(record) -> Callable | None:
    """The rule that a residual agent adds to, with the numbers it had in training."""
    if not record.get("residual"):
        return None
    from lobsim.agents.cases import find_case
    from lobsim.envs.making_rules import LinearQuotes, QuotePolicy, SignalQuotes

    makers = {"LinearQuotes": lambda env, **numbers: QuotePolicy(env, LinearQuotes(**numbers)),
              "SignalQuotes": SignalQuotes}
    numbers = dict(record["base"])
    make = makers[numbers.pop("rule", "LinearQuotes")]  # the only one before the name was kept
    case = find_case(record["case"]).with_settings(**record["task"])
    return make(case.vector(1, **record["environment"]), **numbers)


def _tuples(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings whose lists are tuples again, as they were before JSON."""
    return {name: tuple(value) if isinstance(value, list) else value
            for name, value in settings.items()}


def _plain(settings) -> tuple[dict, list[str]]:
    """Settings that JSON can hold, and the names of the others."""
    kept, lost = {}, []
    for name, value in settings.items():
        try:
            kept[name] = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError):
            lost.append(name)
    return kept, lost


def _write(path: Path, write: Callable) -> None:
    """Replace a file at once, so that one who stops the training never finds half of it."""
    part = path.with_suffix(path.suffix + ".part")
    with open(part, "wb") as file:
        write(file)
    part.replace(path)
