"""Fine-tuning on live days, with a guard: it ends with a better policy or with the fallback.

A *pilot* works a small part of the flow. In each block the candidate works some days as it would be
deployed, the fallback works some, and the guard looks at both; then the candidate works some days
with a little chance in its actions, and learns from their log (`policy_update`). The pilot ends

* when the guard shows that a candidate costs more than the fallback, by more than what the pilot is
  ready to pay: back to the fallback;
* when a candidate is shown to be worse than the one before: the step is taken back, and learning
  ends;
* after the last block.

Which of them had the lowest cost does not matter: with so few days that is luck. The last candidate
that was not taken back is put to the proof on days of its own (`guard.proof_of`): it is deployed if
it is shown to be better than the fallback, and the fallback otherwise. So what is deployed is worse
than the fallback with chance at most alpha, even if the learning made things worse.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.agents.agent import Agent
from lobsim.sim_to_real.guard import Guard, Proof, proof_of
from lobsim.sim_to_real.live_days import schedule_policy
from lobsim.sim_to_real.policy_update import updated, with_exploration

__all__ = ["FineTuning", "Pilot", "fine_tune", "pilot_updates"]

COST = "schedule_bps"
"""Column of the days by which policies are compared: no day is lived twice."""


@dataclass(frozen=True)
class Pilot:
    """How a pilot is run.

    Parameters
    ----------
    blocks : int
        Steps of learning, at least 0: with none the first candidate is put to the proof alone.
    learn_days, guard_days, proof_days : int
        Live days of each block on which the candidate explores; of each block on which candidate
        and fallback, each, are looked at; and of candidate and fallback, each, in the proof. The
        last two are at least 2.
    most_loss_bps : float
        What the pilot is ready to pay for a candidate beyond the fallback, at least 0.
    alpha : float
        Level of the guard for a candidate, and of the proof.
    step_alpha : float
        Level at which a step of learning is taken back. Each block takes the chance anew: of four
        good steps one is taken back with a chance of up to four times this. Small and it keeps
        bad steps longer, for the proof to refuse.
    tau : float
        Of the guard, bps.
    """

    blocks: int = 4
    learn_days: int = 20
    guard_days: int = 12
    proof_days: int = 30
    most_loss_bps: float = 2.0
    alpha: float = 0.05
    step_alpha: float = 0.05
    tau: float = 1.0

    def __post_init__(self):
        least = {"blocks": 0, "learn_days": 1, "guard_days": 2, "proof_days": 2}
        for name, low in least.items():
            value = getattr(self, name)
            if value != int(value) or value < low:
                raise ValueError(f"{name} is {value}; it must be a whole number from {low} on")
        if not 0 <= self.most_loss_bps < np.inf:
            raise ValueError(f"most_loss_bps is {self.most_loss_bps}; it must be at least 0")
        for name in ("alpha", "step_alpha"):
            if not 0 < getattr(self, name) < 0.5:
                raise ValueError(f"{name} is {getattr(self, name)}; it must lie between 0 and 0.5")


@dataclass(frozen=True, eq=False)
class FineTuning:
    """How a pilot went.

    Attributes
    ----------
    deployed : callable
        The candidate that was put to the proof, or the fallback.
    best : callable or None
        That candidate; None if the guard stopped the pilot.
    candidates : list
        All of them, the first one is where it began.
    blocks : DataFrame
        A row for each candidate: ``block, candidate_bps, fallback_bps`` (means on its days),
        ``low, high`` (confidence sequence of the difference), ``verdict``.
    proof : Proof or None
    ended : str
        Why learning ended, a sentence.
    days : int
        Live days that all of it took.
    """

    deployed: Callable
    best: Callable | None
    candidates: list
    blocks: pd.DataFrame
    proof: Proof | None
    ended: str
    days: int

    @property
    def is_fallback(self) -> bool:
        """Whether the fallback is what is deployed."""
        return self.deployed is not self.best


def pilot_updates(*, std: float = 0.4, seed: int = 0, **update) -> Callable:
    """The learning of a pilot: from an agent and a desk to the next agent.

    Parameters
    ----------
    std : float
        Of a continuous action on days of learning.
    seed : int
        Of the chance.
    **update
        Of `lobsim.sim_to_real.policy_update.updated`: ``learning_rate, epochs, clip, gamma,
        most_kl, leash``.

    Returns
    -------
    callable
        ``learn(agent, desk, days, block) -> agent``.
    """
    def learn(agent: Agent, desk, days: int, block: int) -> Agent:
        explorer = with_exploration(agent, std)
        lived = desk.decisions(explorer.sampled(np.random.default_rng([seed, block])), days)
        return updated(explorer, lived, seed=seed + block, **update)

    return learn


def fine_tune(agent: Callable, desk, learn: Callable, *, fallback: Callable = schedule_policy,
              pilot: Pilot | None = None, progress: Callable | None = None) -> FineTuning:
    """Let an agent learn on live days, under guard.

    Parameters
    ----------
    agent : Agent or policy
        Where it begins: the one that was trained in the simulator.
    desk : LiveDesk or QuickDesk
        Or whatever has ``work(policy, days) -> (days, ...)`` with a column ``schedule_bps``, and
        never gives a day twice.
    learn : callable
        ``learn(agent, desk, days, block) -> agent``: `pilot_updates`.
    fallback : policy
        What is in use if nothing better is shown.
    pilot : Pilot, optional
    progress : callable, optional
        ``progress(row)`` is told each row of the table of blocks.

    Returns
    -------
    FineTuning
    """
    pilot = pilot or Pilot()
    spent, candidates, costs, rows = 0, [agent], [], []
    others: list[float] = []  # the fallback stays the same: all of its days count
    ended = "all blocks were played"
    for block in range(pilot.blocks + 1):
        candidate = candidates[block]
        own = _costs(desk, candidate, pilot.guard_days)
        others += _costs(desk, fallback, pilot.guard_days).tolist()
        spent += 2 * pilot.guard_days
        costs.append(own)
        guard = Guard(tau=pilot.tau, alpha=pilot.alpha, least=min(10, pilot.guard_days))
        stop = guard.look(own - pilot.most_loss_bps, others)
        low, high = (end + pilot.most_loss_bps for end in guard.interval)
        rows.append({"block": block, "candidate_bps": own.mean(), "fallback_bps": np.mean(others),
                     "low": low, "high": high,
                     "verdict": "worse" if low > 0 else "better" if high < 0 else
                     "not told apart"})
        if progress is not None:
            progress(rows[-1])
        if stop == "worse":
            return FineTuning(fallback, None, candidates, pd.DataFrame(rows), None,
                              f"candidate {block} was stopped: it costs more than the fallback, "
                              f"by more than {pilot.most_loss_bps:g} bps", spent)
        if block and proof_of(costs[block - 1], own, alpha=pilot.step_alpha).deploy:
            ended = f"candidate {block} was taken back: it is worse than candidate {block - 1}"
            block -= 1
            break
        if block < pilot.blocks:
            candidates.append(learn(candidate, desk, pilot.learn_days, block))
            spent += pilot.learn_days
    chosen = candidates[block]
    proof = proof_of(_costs(desk, chosen, pilot.proof_days),
                     _costs(desk, fallback, pilot.proof_days), alpha=pilot.alpha)
    return FineTuning(chosen if proof.deploy else fallback, chosen, candidates,
                      pd.DataFrame(rows), proof, ended, spent + 2 * pilot.proof_days)


def _costs(desk, policy: Callable, days: int) -> np.ndarray:
    return desk.work(policy, days)[0][COST].to_numpy(np.float64)
