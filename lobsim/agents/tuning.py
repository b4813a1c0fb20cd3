"""Tuning hand-written rules on seeds that no agent and no test ever sees.

A benchmark that was tuned on the test seeds would be too good, one that was not tuned at all too
weak. The numbers that come out stand in the case's file, because the search takes minutes.
"""

from collections.abc import Mapping

import numpy as np

from lobsim.agents.case import Case
from lobsim.agents.cases import find_case
from lobsim.agents.evolution import evolved
from lobsim.agents.seeds import TUNING
from lobsim.envs import evaluate_making as making
from lobsim.envs.evaluate import evaluate
from lobsim.envs.making_rules import LinearQuotes, SignalQuotes, tuned_by_play
from lobsim.envs.paced import PacedRule

__all__ = ["tuned_linear", "tuned_pace", "tuned_signals"]

START = LinearQuotes(half=1.0, lean=1.0, weight=1.0)
"""Where the search begins: ticks, ticks a quote held, ticks a standard deviation of the trend. The
simplex spans half of each, so it begins within the tick or two in which fills are found."""

UNITS = {"half": 1.5, "swing": 0.8, "lean": 0.5, "slow": 1.5, "fast": 1.0, "move": 1.0,
         "imbalance": 1.5, "near_imbalance": 1.5, "ofi": 1.5, "volume": 0.7}
"""Numbers of `SignalQuotes`, and how far each is usefully changed: by about as much money."""

SIGNAL_START = {"half": 0.5, "swing": 2.0, "lean": 2.0, "slow": 2.0, "fast": 1.0, "ofi": 1.0}
"""Where the search over them begins, a guess; what is not named at 0."""


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


def tuned_signals(case: str | Case, *, start: Mapping[str, float] = SIGNAL_START,
                  generations: int = 30, candidates: int = 12, episodes: int = 16,
                  seed: int = 0) -> dict[str, float]:
    r"""The best numbers of `SignalQuotes` for a making case, by an evolution strategy.

    A candidate's score is the mean profit less the noise of the outer price (the sum of
    ``news_gain``, whose mean is 0 whatever a maker does) and less
    :math:`\tfrac12\gamma Var(W)` of the whole profit: the certainty equivalent to second order,
    with far less noise than the exact one has in so few episodes. Each generation plays new
    tuning seeds, the same for its candidates. Minutes of one core at the usual size.

    Parameters
    ----------
    case : str or Case
    start : mapping of str to float
        Numbers to begin from, by the names of `UNITS`.
    generations, candidates : int
        As in `lobsim.agents.evolution.evolved`.
    episodes : int
        Of each candidate in a generation, at least 2.
    seed : int
        Of the candidates.

    Returns
    -------
    dict of str to float
        Arguments of `SignalQuotes` beside the environment, to three digits.

    Raises
    ------
    ValueError
        When a name of `start` is no number of the rule.
    """
    if set(start) - set(UNITS):
        raise ValueError(f"start has {sorted(set(start) - set(UNITS))}; the numbers are "
                         f"{', '.join(UNITS)}")
    env = find_case(case).vector(episodes)

    def scores(points, generation):
        rules = {str(k): _signals(env, point) for k, point in enumerate(points)}
        table = making.evaluate(env, rules, episodes, TUNING + generation * episodes)
        quiet = (table["profit"] - table["news_gain"]).groupby(table["policy"], sort=False).mean()
        risk = table.groupby("policy", sort=False)["profit"].var()
        return (quiet - 0.5 * env.risk_aversion * risk).to_numpy()

    first = [start.get(name, 0.0) for name in UNITS]
    found = evolved(scores, first, list(UNITS.values()), generations=generations,
                    candidates=candidates, seed=seed)
    rule = _signals(env, found)
    return {name: _digits(getattr(rule, name)) for name in UNITS}


def _signals(env, numbers: np.ndarray) -> SignalQuotes:
    """The rule with these numbers; a half-spread below 0 is mirrored, so that it is no edge."""
    named = dict(zip(UNITS, map(float, numbers), strict=True))
    return SignalQuotes(env, **named | {"half": abs(named["half"])})


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
