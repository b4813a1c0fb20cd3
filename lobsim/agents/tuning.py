"""Tuning hand-written rules on seeds that no agent and no test ever sees.

A benchmark that was tuned on the test seeds would be too good, one that was not tuned at all too
weak. The numbers that come out stand in the case's file, because the search takes minutes.
"""

from lobsim.agents.case import Case
from lobsim.agents.cases import find_case
from lobsim.agents.seeds import TUNING
from lobsim.envs.making_rules import LinearQuotes, tuned_by_play

__all__ = ["tuned_linear"]

START = LinearQuotes(half=5.0, lean=1.0, weight=1.0)
"""Where the search begins: ticks, ticks a quote held, ticks a standard deviation of the trend."""


def tuned_linear(case: str | Case, *, aware: bool, start: LinearQuotes = START,
                 episodes: int = 64, trials: int = 60) -> LinearQuotes:
    """The best quotes of GLFT's form for a making case without an oracle, rounded.

    Parameters
    ----------
    case : str or Case
        Judged by a certainty equivalent.
    aware : bool
        Whether the rule may use the slow average of price changes.
    start : LinearQuotes
    episodes, trials : int
        As in `lobsim.envs.making_rules.tuned_by_play`.

    Returns
    -------
    LinearQuotes
        To three digits: the search knows no more. A half-spread below 0 is told as 0, which the
        environment's actions make of it.
    """
    case = find_case(case)
    env = case.vector(min(case.judge_envs, episodes))
    found = tuned_by_play(env, start, aware=aware, risk_aversion=env.risk_aversion,
                          episodes=episodes, seed=TUNING, trials=trials)
    return LinearQuotes(half=_digits(max(found.half, 0.0)), lean=_digits(found.lean),
                        weight=_digits(found.weight))


def _digits(number: float) -> float:
    return float(f"{number:.3g}")
