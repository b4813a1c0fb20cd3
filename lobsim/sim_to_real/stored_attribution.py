"""How often attribution names a planted gap, as it was measured.

``python tests/benchmarks/measure_attribution.py --kept days.csv --store`` measures it.
"""

import json
from pathlib import Path

import pandas as pd

__all__ = ["ATTRIBUTION", "measured_attribution"]

ATTRIBUTION = Path(__file__).parent / "measured" / "attribution.json"


def measured_attribution() -> pd.DataFrame:
    """The stored measurement, a row a planted gap ("none": no gap).

    Returns
    -------
    DataFrame
        Index ``gap``. ``runs``; of these, with the seeds of the live days known: ``first`` (the
        planted gap was ranked first; with no gap: nothing was blamed), ``alone`` (and nothing else
        was found), ``by_cost`` (the gap with the nearest known effect on cost is the planted one),
        ``size_ratio`` (median of size found over size planted). ``months`` (of days judged without
        their seeds), ``first_unseeded``, ``alone_unseeded``. ``else_found`` (what else was found,
        how often, most often first; in brackets without seeds). ``cost_bps`` and
        ``cost_error_bps`` (what size 1 costs, paired by seed, and its standard error), ``seen_in``.
        ``attrs`` has the number of days of a run and of a month.

    Examples
    --------
    >>> table = measured_attribution()
    >>> bool(table["first"].min() >= 18), int(table.loc["none", "first"])
    (True, 20)
    """
    stored = json.loads(ATTRIBUTION.read_text(encoding="utf-8"))
    table = pd.DataFrame(stored.pop("rows")).set_index("gap")
    table.attrs = stored
    return table
