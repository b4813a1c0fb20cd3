"""Mark-outs: what a fill is worth some time later, by horizon, with errors."""

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, float_array, need_columns
from lobsim.analytics.matching import mid_at

BPS = 1e4


def mark_outs(
    fills: pd.DataFrame,
    quotes: pd.DataFrame,
    horizons_s,
    *,
    end_s: float | None = None,
    unit: str = "bps",
) -> pd.DataFrame:
    r"""Mean gain of a fill when it is valued at the mid a while later.

    .. math:: m_\tau = s\,(M_{t+\tau} - p), \qquad s = +1 \text{ bought}, -1 \text{ sold}

    At :math:`\tau = 0` it is the half-spread that the fill earned (positive for a maker) or paid
    (negative for a taker). How far it falls with :math:`\tau` is adverse selection.

    Parameters
    ----------
    fills : DataFrame
        Own fills: ``time_ns, price, size, side`` (+1 bought, -1 sold).
    quotes : DataFrame
        ``time_ns, bid, ask``, sorted by time.
    horizons_s : array_like of float, shape (k,)
        Seconds after the fill, >= 0.
    end_s : float, optional
        End of the session in seconds since midnight; a horizon beyond it counts for nothing.
        Default: the last quote.
    unit : {"bps", "currency"}
        Basis points of the fill price, or currency per share.

    Returns
    -------
    DataFrame
        Indexed by ``horizon_s``: ``mark_out`` (mean weighted by size), ``stderr`` (fills of one
        minute taken as one piece of evidence, as their horizons overlap), ``fills`` (counted).
        NaN where no fill reaches that far.

    Examples
    --------
    Bought at 9.99 under a mid of 10.00, which falls to 9.98:

    >>> fills = pd.DataFrame({"time_ns": [1], "price": [9.99], "size": [100], "side": [1]})
    >>> quotes = pd.DataFrame({"time_ns": [0, 10**9], "bid": [9.99, 9.97], "ask": [10.01, 9.99]})
    >>> mark_outs(fills, quotes, [0, 1], end_s=2, unit="currency")["mark_out"].round(4).tolist()
    [0.01, -0.01]
    """
    need_columns(fills, ("time_ns", "price", "size", "side"), "fills")
    if unit not in ("bps", "currency"):
        raise ValueError(f"unit is {unit!r}; allowed are 'bps' and 'currency'")
    horizons = float_array(horizons_s, "horizons_s")
    if not (horizons >= 0).all():
        raise ValueError(f"horizons_s holds {horizons.min():g}; none may be negative")
    time = fills["time_ns"].to_numpy(np.int64)
    price, size, side = (fills[c].to_numpy(np.float64) for c in ("price", "size", "side"))
    if not np.isin(side, (-1.0, 1.0)).all():
        raise ValueError("side must be +1 (bought) or -1 (sold) in every row")
    last = quotes["time_ns"].to_numpy(np.int64)[-1:].max(initial=-1)
    until = int(last) if end_s is None else round(end_s * NS_PER_S)
    minute = time // (60 * NS_PER_S)
    rows = []
    for horizon in horizons:
        mid = mid_at(quotes, time + round(horizon * NS_PER_S), until_ns=until)
        gain = side * (mid - price) * (BPS / price if unit == "bps" else 1.0)
        rows.append(_weighted(gain, size, minute))
    return pd.DataFrame(rows, columns=["mark_out", "stderr", "fills"],
                        index=pd.Index(horizons, name="horizon_s"))


def _weighted(gain: np.ndarray, size: np.ndarray, group: np.ndarray) -> tuple[float, float, int]:
    """Mean weighted by size, its error clustered by group, and the places counted."""
    known = np.isfinite(gain) & (size > 0)
    gain, size, group = gain[known], size[known], group[known]
    if not len(gain):
        return np.nan, np.nan, 0
    mean = gain @ size / size.sum()
    _, number = np.unique(group, return_inverse=True)
    groups = int(number.max()) + 1
    if groups < 2:
        return float(mean), np.nan, len(gain)
    excess = np.bincount(number, weights=size * (gain - mean), minlength=groups)
    error = np.sqrt(groups / (groups - 1) * (excess @ excess)) / size.sum()
    return float(mean), float(error), len(gain)
