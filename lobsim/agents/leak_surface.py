"""Cost, risk and leakage on portfolio days as they were measured, for tables and plots.

``python tests/benchmarks/measure_portfolio_leakage.py --store`` measures it.
"""

import json

import numpy as np
import pandas as pd

from lobsim.agents.agent import MODELS

__all__ = ["CLASSES", "STORED", "leak_surface", "measured_leakage"]

STORED = MODELS / "portfolio_leakage.json"
CLASSES = ("all", "low", "medium", "high")
"""Of urgency, after all of them together."""
_MEASURES = "cost_bps", "risk_bps", "auc"  # less of each is better


def measured_leakage() -> dict:
    """The stored measurement as it is: ``settings, learned, candidates, prey, rows, cpu_s``.

    Examples
    --------
    >>> sorted({row["urgency"] for row in measured_leakage()["rows"]})
    ['all', 'high', 'low', 'medium']
    """
    return json.loads(STORED.read_text(encoding="utf-8"))


def leak_surface(share: float | None = None, urgency: str | None = None) -> pd.DataFrame:
    """Cost, risk and leakage of each strategy, size of blocks and class of urgency.

    Parameters
    ----------
    share : float, optional
        Size of the blocks as a share of the volume that is expected until their deadlines; all
        that were measured by default.
    urgency : str, optional
        One of `CLASSES`; all by default.

    Returns
    -------
    DataFrame
        ``share, strategy, urgency, blocks, days, cost_bps`` (mean over the blocks, less the news
        that nobody could foresee), ``gap_bps, gap_low, gap_high`` (less that of TWAP, by pairs of
        days), ``aversion_bps`` (what the clients charge for risk), ``risk_bps`` (root mean square
        over the blocks of the standard deviation of waiting), ``completion, violations, auc,
        auc_low, auc_high, right_side, size_correlation``, and where predators were
        ``hunted_blocks, hunted_bps`` (what they cost those blocks) and ``predator_bps`` (what they
        made, bps of the blocks), both with ``_low`` and ``_high``. Intervals are 95 %. Last
        ``frontier``: whether no other strategy of the same size and class is at least as good in
        cost, risk and AUC and better in one, by the means alone.

    Raises
    ------
    ValueError
        When nothing was measured for such blocks.

    Examples
    --------
    >>> found = leak_surface(urgency="all")
    >>> bool(found["auc"].between(0, 1).all()), int(found["violations"].sum())
    (True, 0)
    """
    table = pd.DataFrame(measured_leakage()["rows"])
    shares = sorted(table["share"].unique())
    if share is not None and share not in shares:
        raise ValueError(f"share is {share}; measured are {', '.join(map(str, shares))}")
    if urgency is not None and urgency not in CLASSES:
        raise ValueError(f"urgency is {urgency!r}; it must be one of {', '.join(CLASSES)}")
    if share is not None:
        table = table[table["share"] == share]
    if urgency is not None:
        table = table[table["urgency"] == urgency]
    table = table.reset_index(drop=True)
    table["frontier"] = [_is_undominated(row, table) for row in table.itertuples()]
    return table


def _is_undominated(row, table: pd.DataFrame) -> bool:
    same = (table["share"] == row.share) & (table["urgency"] == row.urgency)
    others = table.loc[same, list(_MEASURES)].to_numpy()
    own = np.array([getattr(row, name) for name in _MEASURES])
    return not ((others <= own).all(axis=1) & (others < own).any(axis=1)).any()
