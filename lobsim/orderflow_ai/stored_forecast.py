"""Forecasts of the mid as they were measured, for tables and lessons.

``python tests/benchmarks/measure_forecast.py --store`` measures them.
"""

import json
from pathlib import Path

import pandas as pd

__all__ = ["FORECAST", "measured_forecast", "measured_scores"]

FORECAST = Path(__file__).parent / "measured" / "forecast.json"


def measured_forecast() -> dict:
    """The stored measurement: ``settings``, ``cpu_s``, ``worlds`` and ``rows``.

    A world is what a forecaster learned from: ``world, days, levels, rows, hours, spread_ticks,
    bps_of_a_tick``. A row is what `lobsim.orderflow_ai.forecast_judging.Forecasts.judge` says of
    one model at one horizon, with ``world`` and ``judged`` (what it was judged on) before it;
    intervals are lists of the value and the two ends, and None stands where there is nothing to
    say.

    Examples
    --------
    >>> [world["world"] for world in measured_forecast()["worlds"]]
    ['LOBM', 'GOOG', 'AMZN']
    """
    return json.loads(FORECAST.read_text(encoding="utf-8"))


def measured_scores() -> pd.DataFrame:
    """The rows of `measured_forecast` as a table, one column for each number.

    An interval ``f1`` has its ends in ``f1_low`` and ``f1_high``; so have ``f1_gain``, ``gross``,
    ``half``, ``net``, ``net_bps`` and ``net_gain``.

    Examples
    --------
    >>> scores = measured_scores()
    >>> bool((scores["f1_low"] < scores["f1_high"]).all())
    True
    """
    rows = []
    for row in measured_forecast()["rows"]:
        flat = {}
        for name, value in row.items():
            if name in ("f1", "f1_gain", "gross", "half", "net", "net_bps", "net_gain"):
                flat[name], flat[f"{name}_low"], flat[f"{name}_high"] = value
            else:
                flat[name] = value
        rows.append(flat)
    return pd.DataFrame(rows)
