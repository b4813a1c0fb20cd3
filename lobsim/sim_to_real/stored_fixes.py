"""Overfitting and fixes as they were measured, for tables and plots.

``python tests/benchmarks/measure_overfitting.py --store`` and
``python tests/benchmarks/measure_fixes.py --store`` measure them.
"""

import json
from pathlib import Path

import pandas as pd

from lobsim.sim_to_real.fixes import fixes_table

__all__ = ["FIXES", "OVERFITTING", "measured_curve", "measured_fixes", "measured_table"]

OVERFITTING = Path(__file__).parent / "measured" / "overfitting.json"
FIXES = Path(__file__).parent / "measured" / "fixes.json"


def measured_curve() -> pd.DataFrame:
    """Gains on own and on fresh days by histories: `lobsim.sim_to_real.learning_curve`.

    Examples
    --------
    >>> curve = measured_curve()
    >>> bool(curve["gap"].iloc[0] > curve["gap"].iloc[-1])
    True
    """
    return pd.DataFrame(json.loads(OVERFITTING.read_text(encoding="utf-8"))["rows"])


def measured_fixes() -> dict:
    """The stored measurement: ``settings``, and by name of the venue in ``venues`` what was found.

    Of each venue: ``gaps``; costs of the unseen days, bps, by training seed in ``simulated``,
    ``live`` and (by name of the fix) ``fixed``, and of the schedule in ``fallback`` and
    ``fallback_simulated``; ``pilots`` (how fine-tuning went) and ``figures`` (what re-calibration
    measured).

    Examples
    --------
    >>> sorted(measured_fixes()["venues"])
    ['against', 'calm']
    """
    return json.loads(FIXES.read_text(encoding="utf-8"))


def measured_table(venue: str | dict) -> pd.DataFrame:
    """The table of fixes at a venue: `lobsim.sim_to_real.fixes_table`, with the fallback as a fix.

    Parameters
    ----------
    venue : str or dict
        A name of ``measured_fixes()["venues"]``, or what stands there.

    Raises
    ------
    ValueError
        When nothing was measured at such a venue.
    """
    if isinstance(venue, str):
        venues = measured_fixes()["venues"]
        if venue not in venues:
            raise ValueError(f"venue is {venue!r}; measured were {', '.join(venues)}")
        venue = venues[venue]
    return fixes_table(venue["simulated"], venue["live"],
                       venue["fixed"] | {"fallback": [venue["fallback"]]}, venue["fallback"],
                       venue["fallback_simulated"])
