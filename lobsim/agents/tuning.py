"""Tuning hand-written rules on seeds that no agent and no test ever sees.

A benchmark that was tuned on the test seeds would be too good, one that was not tuned at all too
weak. The numbers that come out stand in the case's file, because the search takes minutes.
"""

from lobsim.agents.case import Case
from lobsim.agents.cases import find_case
from lobsim.agents.seeds import TUNING
from lobsim.envs.evaluate import evaluate
from lobsim.envs.making_rules import LinearQuotes, tuned_by_play
from lobsim.envs.paced import PacedRule

__all__ = ["tuned_linear", "tuned_pace"]

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


def tuned_pace(case: str | Case, *, column: str = "trend",
               weights=(0.0, 200.0, 400.0, 800.0, 1600.0), late_s=(20.0, 60.0),
               episodes: int = 192) -> PacedRule:
    """The `PacedRule` with the least mean cost among a grid, for a case of execution.

    Parameters
    ----------
    case : str or Case
    column : str
        Signal that the rule goes by.
    weights : sequence of float
        Of that column, seconds.
    late_s : sequence of float
        What is later than this many seconds is crossed.
    episodes : int
        At least 2.
    """
    case = find_case(case)
    rules = {(weight, late): PacedRule({column: weight}, late_s=late)
             for weight in weights for late in late_s}
    found = evaluate({f"{weight:g}, {late:g}": rule for (weight, late), rule in rules.items()},
                     episodes=episodes, seed=TUNING, num_envs=case.judge_envs, **case.settings)
    return list(rules.values())[int(found.table()["controlled"].to_numpy().argmin())]


def _digits(number: float) -> float:
    return float(f"{number:.3g}")
