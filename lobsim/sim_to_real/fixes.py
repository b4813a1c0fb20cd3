r"""What a fix wins back of what was lost on the way from the simulator to the venue.

Costs stand in tables of agents (training seeds) by unseen days, the same days for all. The loss of
an agent is its cost live less that in the simulator, a fix gains the agent's cost live less its
own, and the share that is won back is the ratio of their means,

.. math:: r = \frac{\bar g}{\bar l}, \qquad
          \widehat{Var}(r) \approx \frac{1}{\bar l^2}\,\widehat{Var}(\overline{g - r\,l})

by the delta method, with the variance over agents and days of `lobsim.agents.comparing`. A share is
told only where the loss is told from 0; of a loss that is not there nothing can be won back.

A venue may be dearer or cheaper for everybody: fees are paid, and a price that runs away runs away
from every schedule. So there is a second loss, of the *edge* over a fallback: what the agent costs
live less what it would cost with the edge that it has in the simulator. An agent may lose one
without the other, and a share is told of each.

References
----------
W. Cochran (1977), "Sampling Techniques", section 6.3, for the variance of a ratio.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lobsim.agents.comparing import two_way_interval

__all__ = ["fixes_table", "won_back"]


def won_back(simulated, live, fixed, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Share of a loss that a fix wins back.

    Parameters
    ----------
    simulated, live, fixed : array_like of float, shape (agents, days) or (days,)
        Cost of the agent in the simulator and live, and of the fix live, on the same days, bps;
        one row stands for all agents.
    confidence : float

    Returns
    -------
    share, low, high : float
        1 = all of it. NaN where the loss is not told from 0 or is a gain.

    Examples
    --------
    >>> sim, live = np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.1, 4.9])
    >>> won_back(sim, live, 0.5 * (sim + live))
    (0.5, 0.5, 0.5)
    """
    simulated, live, fixed = _tables(simulated, live, fixed)
    loss, gain = live - simulated, live - fixed
    mean, half = two_way_interval(loss, confidence)
    if not mean > half:
        return np.nan, np.nan, np.nan
    share = float(gain.mean()) / mean
    _, half = two_way_interval((gain - share * loss) / mean, confidence)
    return share, share - half, share + half


def fixes_table(simulated, live, fixed: Mapping, fallback, fallback_simulated, *,
                confidence: float = 0.95) -> pd.DataFrame:
    """Every fix beside the agent that was trained in the simulator.

    Parameters
    ----------
    simulated, live : array_like of float, shape (agents, days)
        Cost of the agent in the simulator and live, bps.
    fixed : mapping of str to array_like of float
        Cost live by the name of the fix, (agents, days) or (days,).
    fallback, fallback_simulated : array_like of float, shape (days,) or (agents, days)
        Cost live and in the simulator of what is in use without an agent.
    confidence : float

    Returns
    -------
    DataFrame
        Index: "in the simulator", "as it is", the fixes. ``cost_bps``; ``gain_bps, gain_low,
        gain_high`` over the agent as it is, positive = better; ``share, share_low, share_high`` of
        the loss and ``edge_share, edge_share_low, edge_share_high`` of the loss of edge, NaN where
        that is not told from 0; ``excess_bps, excess_low, excess_high`` over the fallback live (in
        the first row: there), negative = better.
    """
    rows = {}
    for name, costs in {"in the simulator": simulated, "as it is": live, **fixed}.items():
        own, before, now, other, there = _tables(costs, simulated, live, fallback,
                                                 fallback_simulated)
        row = {"cost_bps": float(own.mean())}
        if name not in ("in the simulator", "as it is"):
            gain, half = two_way_interval(now - own, confidence)
            row |= {"gain_bps": gain, "gain_low": gain - half, "gain_high": gain + half}
            for label, was in (("share", before), ("edge_share", before - there + other)):
                row |= dict(zip((label, f"{label}_low", f"{label}_high"),
                                won_back(was, now, own, confidence=confidence), strict=True))
        beside = there if name == "in the simulator" else other
        excess, half = two_way_interval(own - beside, confidence)
        row |= {"excess_bps": excess, "excess_low": excess - half, "excess_high": excess + half}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("fix")


def _tables(*costs) -> list[np.ndarray]:
    """All as tables of agents by days, of one shape."""
    tables = [np.atleast_2d(np.asarray(one, dtype=np.float64)) for one in costs]
    shape = max(len(one) for one in tables), tables[0].shape[1]
    for one in tables:
        if one.shape[1] != shape[1] or len(one) not in (1, shape[0]):
            raise ValueError(f"costs have the shapes {[t.shape for t in tables]}; they must be of "
                             f"the same agents (or one row) and the same days")
        if not np.isfinite(one).all():
            raise ValueError("a cost is not finite")
    return [np.broadcast_to(one, shape) for one in tables]
