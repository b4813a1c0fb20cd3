"""Rewards of an execution environment: named terms with weights, and what each of them is for.

A reward is minus the weighted sum of its terms, each a cost of one step (positive = bad) in basis
points of the order's value at arrival, :math:`Q S_0` (`risk` in squared ones). With side s
(+1 buys), fills :math:`q_j` at :math:`p_j` in step k, :math:`x_k` left before it, mid :math:`M_k`,
exogenous price :math:`F_k`, news :math:`A_k`:

==================  ==========================================================================
``execution``       :math:`s \\sum_j q_j (p_j - M_{k+1})`: fills against the mid after the step
``impact``          :math:`s x_k ((M_{k+1} - M_k) - (F_{k+1} - F_k))`: what is left got dearer,
                    beyond what happened outside; own trades do that, and the book's noise
``exogenous``       :math:`s x_k (F_{k+1} - F_k)`: what is left got dearer by itself
``fees``            paid in the step, rebates are negative
``leftover``        at the end: what is left, by walking the book, against the mid; with fees
``arrival``         :math:`s \\sum_j q_j (p_j - S_0)`: fills against the arrival price
``leftover_arrival``  at the end: the same walk against the arrival price; with fees
``news``            :math:`s x_k (A_{k+1} - A_k)`, where A is F as far ahead as anyone sees it,
                    less the drift of trends and regimes
``off_schedule``    :math:`s (x_k - \\bar x_k)(M_{k+1} - M_k)`, :math:`\\bar x_k` what the schedule
                    would have left: only what is ahead of it or behind got dearer
``tracking``        :math:`100\\,g^2 / K` with g the share of the order that is off the schedule
                    and K the steps: 1 bps for being off by a tenth all the time
``tracking_shift``  :math:`\\gamma P' - P`, :math:`P = 10 |g|`, 0 at the end: potential-based
                    (Ng, Harada, Russell 1999), so it hurries learning and moves no optimum
``risk``            :math:`\\tfrac12 (x_k^2 + x_{k+1}^2) \\sigma^2 \\Delta / Q^2` in bps^2: the
                    variance that Almgren and Chriss (2000, eq. 5) charge lambda for
==================  ==========================================================================

``"against_schedule"`` leaves out what the price did to the shares that the schedule would have held
as well. It is the least noisy by far where the order is kept near its schedule. It credits an agent
with the harm that its own trades do to those shares: with nothing to hold it (`guard_s`, `ahead_s`)
the best it can teach is to trade everything at once. Judge by the shortfall.

Two sums of terms are the implementation shortfall of an episode, to rounding
(`lobsim.envs.rewards.MARKED` and `REALISED`): the first is the second plus the potential
:math:`s x (M - S_0)`, which is why both have the same optimum and the first is told sooner.

`exogenous` has mean zero whatever a blind agent does, and most of the noise; ``"controlled"``
leaves it out. An agent that foresees F (informed flow does, by seconds) earns some of it, so for
measuring, `news` is the control variate: A at the end of a step is unknown to everybody at its
start, hence its sum has mean zero for *every* agent. Trends built into the market are no part of A:
who finds them out keeps what that earns.
"""

from collections.abc import Mapping

import numpy as np

from lobsim.envs.execution_layout import TERMS

__all__ = ["MARKED", "REALISED", "REWARDS", "TERMS", "weights_of"]

MARKED = ("execution", "impact", "exogenous", "fees", "leftover")
"""Terms whose sum over an episode is the shortfall: fills and holdings marked to the mid."""
REALISED = ("arrival", "fees", "leftover_arrival")
"""Terms whose sum over an episode is the shortfall: only what is traded counts."""

REWARDS: dict[str, dict[str, float]] = {
    "marked": dict.fromkeys(MARKED, 1.0),
    "realised": dict.fromkeys(REALISED, 1.0),
    "controlled": {name: 1.0 for name in MARKED if name != "exogenous"},
    "against_schedule": dict.fromkeys(("execution", "fees", "leftover", "off_schedule"), 1.0),
    "controlled_by_news": dict.fromkeys(MARKED, 1.0) | {"news": -1.0},
}
"""Named weights; ``"controlled"`` is the reward that taught best in trials."""


def weights_of(reward: str | Mapping[str, float], *,
               named: Mapping[str, Mapping[str, float]] | None = None,
               terms: tuple[str, ...] = TERMS) -> np.ndarray:
    """Weights of all `terms` in a reward.

    Parameters
    ----------
    reward : str or mapping of term to weight
        A name of `named`, or weights; terms that are not named weigh 0.
    named : mapping of name to mapping, optional
        The rewards that have a name; `REWARDS` by default.
    terms : tuple of str

    Returns
    -------
    ndarray of float, shape (len(terms),)

    Raises
    ------
    ValueError
        When the name or a term is unknown, or a weight is not finite.

    Examples
    --------
    >>> weights_of({"fees": 2.0}).sum()
    np.float64(2.0)
    """
    named = REWARDS if named is None else named
    if isinstance(reward, str):
        if reward not in named:
            raise ValueError(f"reward is {reward!r}; it must be one of {', '.join(named)}, or a "
                             f"mapping of terms to weights")
        reward = named[reward]
    unknown = [name for name in reward if name not in terms]
    if unknown:
        raise ValueError(f"reward has no term {unknown[0]!r}; terms are {', '.join(terms)}")
    weights = np.array([float(reward.get(name, 0.0)) for name in terms])
    if not np.isfinite(weights).all():
        raise ValueError(f"the weights of the reward are {dict(reward)}; they must be finite")
    return weights
