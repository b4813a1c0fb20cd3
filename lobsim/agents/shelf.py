"""What comes with the library: trained agents, and what `compare` found of them on unseen seeds.

Agents lie in ``models/CASE-ALGO-SEED``, the episodes of a case's comparison in ``models/CASE.npz``.
``lobsim train CASE --algo ALGO --seeds 5`` makes the first, ``lobsim evaluate CASE --blinded
--save CASE.npz`` the second.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.agents.agent import MODELS, Agent, AgentError, shipped_names
from lobsim.agents.cases import find_case
from lobsim.agents.comparing import Comparison
from lobsim.agents.judging import JUDGES

__all__ = ["load_comparison", "save_comparison", "shipped", "shipped_results"]

_COLUMN = "column."


def shipped(case: str, algo: str | None = None) -> list[Agent]:
    """Agents of a case that come with the library, in the order of their training seeds.

    Parameters
    ----------
    case : str
    algo : str, optional
        "dqn", "ppo" or "sac"; all by default.

    Raises
    ------
    AgentError
        When there is none.

    Examples
    --------
    >>> {agent.case for agent in shipped("pacing", "ppo")}
    {'pacing'}
    """
    find_case(case)
    found = [Agent.load(name) for name in shipped_names()
             if name.startswith(f"{case}-{algo or ''}")]
    if not found:
        have = sorted({name.rsplit("-", 1)[0] for name in shipped_names()})
        raise AgentError(f"no agent of case {case!r} and algo {algo!r} comes with the library; "
                         f"these do: {', '.join(have) or 'none'}")
    return sorted(found, key=lambda agent: (agent.algo, agent.record["seed"]))


def shipped_results(case: str) -> Comparison:
    """What `compare` found of the shipped agents of a case on two blocks of unseen seeds.

    Nothing is played. ``lobsim evaluate CASE --stored`` prints it.

    Raises
    ------
    AgentError
        When none are stored.

    Examples
    --------
    >>> "TWAP" in shipped_results("pacing").table.index
    True
    """
    path = MODELS / f"{find_case(case).name}.npz"
    if not path.is_file():
        have = sorted(path.stem for path in MODELS.glob("*.npz"))
        raise AgentError(f"no results of case {case!r} come with the library; there are results "
                         f"of: {', '.join(have) or 'none'}")
    return load_comparison(path)


def save_comparison(found: Comparison, path: str | Path) -> Path:
    """Write a comparison of a named case: each policy's episodes, in single precision.

    Parameters
    ----------
    found : Comparison
        Every policy on the same episodes, as `compare` returns it.
    path : path
        Ends with ``.npz``.
    """
    path, judge = Path(path), JUDGES[found.case.judge]
    if path.suffix != ".npz":
        raise ValueError(f"the file is {path}; its name must end with .npz")
    told = [measure.name for measure in judge.measures if measure.name != "ce"]
    columns = list(dict.fromkeys([*told, judge.risk, *judge.told]))
    groups = list(found.episodes.groupby(["policy", "member"], sort=False))
    first = groups[0][1]
    about = {"case": found.case.name, "policies": [list(key) for key, _ in groups],
             "benchmarks": found.benchmarks, "optimum": found.optimum, "exact": dict(found.exact)}
    arrays = {_COLUMN + name: np.stack([own[name].to_numpy() for _, own in groups])
              .astype(np.float32) for name in columns if name in first}
    np.savez_compressed(path, about=np.array(json.dumps(about)), block=first["block"].to_numpy(),
                        seed=first["seed"].to_numpy(), **arrays)
    return path


def load_comparison(path: str | Path) -> Comparison:
    """Read what `save_comparison` wrote.

    Raises
    ------
    AgentError
        When it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays.pop("about")))
        block, seed = arrays.pop("block"), arrays.pop("seed")
        tables = []
        for k, (policy, member) in enumerate(about["policies"]):
            columns = {name.removeprefix(_COLUMN): values[k].astype(float)
                       for name, values in arrays.items()}
            tables.append(pd.DataFrame({"policy": policy, "member": member, "block": block,
                                        "seed": seed, **columns}))
        return Comparison(find_case(about["case"]), pd.concat(tables, ignore_index=True),
                          about["benchmarks"], about["optimum"], about["exact"])
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        told = " ".join(str(error).split())[:200]
        raise AgentError(f"the comparison in {path} cannot be read: {told}") from None
