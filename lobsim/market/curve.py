"""Intraday activity curve: how a day's volume is spread over the clock."""

import math

import numpy as np

from lobsim.market.parts import VolumeCurve

BIN_S = 60
"""Width of the bins, in seconds, in which the activity of a market is constant."""


def minute_weights(bin_weights, day_start_s: float, day_end_s: float) -> np.ndarray:
    """Share of the day's volume in each minute, smooth between the centres of coarse bins.

    Parameters
    ----------
    bin_weights : sequence of float
        Positive weights of equally wide bins over the day (half hours for an equity).
    day_start_s, day_end_s : float
        The day in seconds after midnight; a whole number of minutes.

    Returns
    -------
    ndarray of shape (minutes,)
        Positive, sums to 1. Each coarse bin holds its own share up to the smoothing, which
        interpolates linearly between bin centres and holds the end values outside.

    Examples
    --------
    >>> w = minute_weights([2.0, 1.0, 3.0], 0, 5400)
    >>> len(w), round(float(w.sum()), 12), bool(w[-1] > w[0] > w[45])
    (90, 1.0, True)
    """
    weights = np.asarray(bin_weights, dtype=float)
    minutes = round((day_end_s - day_start_s) / BIN_S)
    centres = (np.arange(len(weights)) + 0.5) * minutes / len(weights)
    values = np.interp(np.arange(minutes) + 0.5, centres, weights)
    return values / math.fsum(values)  # fsum: the same bits on every machine


def cumulative_share(profile, times_s) -> np.ndarray:
    """Expected share of the day's volume traded before each time.

    Parameters
    ----------
    profile : Profile
    times_s : array-like of float
        Seconds after midnight; times outside the day give 0 or 1.

    Returns
    -------
    ndarray of float in [0, 1]
    """
    part = profile.part(VolumeCurve)
    curve = part.volume_curve if part else (1.0,)
    weights = minute_weights(curve, profile.day_start_s, profile.day_end_s)
    knots = profile.day_start_s + BIN_S * np.arange(len(weights) + 1)
    share = np.concatenate([[0.0], np.cumsum(weights)])
    share[-1] = 1.0
    return np.interp(np.asarray(times_s, dtype=float), knots, share)
