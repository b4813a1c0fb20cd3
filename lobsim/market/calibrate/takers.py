"""Market orders: how often, in bursts or not, how large, and how long one side goes on."""

import numpy as np
from scipy.optimize import minimize_scalar

from lobsim.market.calibrate.events import MARKET, EventLog
from lobsim.market.calibrate.goodness import dispersion_test
from lobsim.market.calibrate.hawkes import fit_hawkes
from lobsim.market.calibrate.result import Calibration, Estimate
from lobsim.market.calibrate.sizes import size_table
from lobsim.market.curve import minute_weights
from lobsim.market.parts import Takers, VolumeCurve

TAIL = 4 / 3
"""Exponent of the lengths of meta-orders in `Takers`."""

LONGEST = 1000
"""Orders of the longest meta-order in `Takers`."""

SIGN_LAGS = 20
_BLOCKS = 10
_META_RANGE = (0.01, 100.0)
_LEAST = 50
_FAR = 5.0  # over sqrt(n): a gap of autocorrelations that is worth a note


def sign_autocorrelation(signs, lags: int = SIGN_LAGS) -> np.ndarray:
    """Autocorrelation of signs (+1, -1) at lags 1..lags, with the mean taken off."""
    s = np.asarray(signs, float)
    s = s - s.mean()
    total = s @ s
    return np.array([s[k:] @ s[:-k] for k in range(1, lags + 1)]) / total if total > 0 else (
        np.zeros(lags))


def meta_autocorrelation(meta_min_orders: float, lags: int = SIGN_LAGS) -> np.ndarray:
    r"""Autocorrelation of the signs of meta-orders worked one after the other, lags 1..lags.

    .. math:: \rho(l) = \frac{\sum_{k > l} P(L \ge k)}{\sum_{k \ge 1} P(L \ge k)}, \qquad
        P(L \ge k) = \min(1, (m / k)^{4/3})

    with whole lengths L from 1 to 1000 and independent signs of meta-orders.

    References
    ----------
    F. Lillo, S. Mike, J. D. Farmer, "Theory for long memory in supply and demand", Physical
    Review E 71, 2005, section III.
    """
    k = np.arange(1, LONGEST + 1)
    longer = np.minimum(1.0, (meta_min_orders / k) ** TAIL)
    longer[0] = 1.0
    rest = longer[::-1].cumsum()[::-1]  # sum over k >= index + 1
    return rest[1:lags + 1] / rest[0]


def fit_meta_orders(signs, lags: int = SIGN_LAGS) -> Estimate:
    """Smallest meta-order whose sign autocorrelation is nearest to that of `signs`.

    Least squares over lags 1..lags; the standard error is a delete-a-block jackknife of ten
    blocks, because signs with a long memory are far from independent.

    Parameters
    ----------
    signs : array_like of +1 and -1, shape (n,)
        In order of time, at least 50.

    Returns
    -------
    Estimate
    """
    signs = np.asarray(signs, float)
    if len(signs) < _LEAST:
        raise ValueError(f"there are {len(signs)} signs; at least {_LEAST} are needed")

    def nearest(part):
        acf = sign_autocorrelation(part, lags)
        found = minimize_scalar(
            lambda x: ((meta_autocorrelation(np.exp(x), lags) - acf) ** 2).sum(),
            bounds=np.log(_META_RANGE), method="bounded", options={"xatol": 1e-6})
        return float(np.exp(found.x))

    blocks = np.array_split(np.arange(len(signs)), _BLOCKS)
    without = np.array([nearest(np.delete(signs, block)) for block in blocks])
    spread = ((without - without.mean()) ** 2).sum() * (_BLOCKS - 1) / _BLOCKS
    return Estimate("meta_min_orders", nearest(signs), float(np.sqrt(spread)))


def fit_takers(log: EventLog, *, lot_size: float = 1.0,
               n_exponentials: int | None = None, curve_bins: int = 0) -> Calibration:
    """Fit `Takers` to the market orders of a log.

    Parameters
    ----------
    log : EventLog
    lot_size : float
        Shares (or coins) per lot.
    n_exponentials : int, optional
        0 (Poisson), 1 or 2 parts of the excitation; by default the best by Akaike's criterion.
    curve_bins : int
        Equal parts of the window whose activity is told from the counts, as a `VolumeCurve`; 0
        for a constant one.

    Returns
    -------
    Calibration
        Estimates ``market_rate_per_s``, for each part of the excitation ``branching_p`` and
        ``time_p_s`` and their sum ``branching``, ``meta_min_orders``, and the observed and the
        fitted sign autocorrelation at lags 1 and 10. The tests are those of the residuals.

    Notes
    -----
    Takers of the fit are not informed (`informed_share` = 0): the price that they foresee is in no
    recording. Without `curve_bins` a rate that changes over the day is taken for slow excitement.
    """
    if n_exponentials not in (None, 0, 1, 2):
        raise ValueError(f"n_exponentials is {n_exponentials}; it must be 0, 1, 2 or None")
    events = log.events[log.events["kind"] == MARKET]
    if len(events) < _LEAST:
        raise ValueError(f"there are {len(events)} market orders; at least {_LEAST} are needed")
    times, duration = (events["time_ns"] - log.start_ns) / 1e9, log.duration_s
    rate = len(events) / duration
    curve, activity = volume_curve(times, duration, curve_bins)
    fits = [] if n_exponentials == 0 else [
        fit_hawkes(times, duration_s=duration, n_exponentials=p, activity=activity)
        for p in ((1, 2) if n_exponentials is None else (n_exponentials,))]
    fit = min(fits, key=lambda one: one.aic, default=None)
    poisson = float(len(events) * np.log(rate) - len(events))
    if fit is None or (n_exponentials is None and 2 - 2 * poisson <= fit.aic):
        fit = None
    bursts, estimates = _bursts(fit)
    # The error of the mean rate of a Hawkes process is that of Poisson over 1 - branching.
    share = sum(branching for branching, _ in bursts)
    error = np.sqrt(len(events)) / duration / max(1 - share, 0.01)
    meta = fit_meta_orders(events["side"])
    seen, told = sign_autocorrelation(events["side"]), meta_autocorrelation(meta.value)
    signs = tuple(Estimate(f"sign autocorrelation at lag {lag}, {what}", float(values[lag - 1]))
                  for lag in (1, 10) for what, values in (("seen", seen), ("fitted", told)))
    part = Takers(rate, size_table(events["size"], lot_size), meta.value, bursts=bursts)
    notes = ("the signs remember in another way than meta-orders of one after the other",
             ) if np.abs(seen - told).max() > _FAR / np.sqrt(len(events)) else ()
    tests = (dispersion_test(times, duration, "market orders"),) if fit is None else fit.tests
    return Calibration("takers", (part, *curve),
                       (Estimate("market_rate_per_s", rate, error), *estimates, meta, *signs),
                       tests, len(events), duration,
                       poisson if fit is None else fit.log_likelihood, notes)


def volume_curve(times_s, duration_s: float, bins: int):
    """Activity of the window from counts: a `VolumeCurve` and its weights by the minute.

    Returns
    -------
    tuple
        Of one `VolumeCurve`, or empty for no bins.
    ndarray or None
        One weight for each minute (or so) of the window, smooth as in a market.
    """
    if bins == 0:
        return (), None
    if bins < 0:
        raise ValueError(f"curve_bins is {bins}; it must be 0 or more")
    times = np.asarray(times_s, float)
    counts = np.bincount(np.minimum((times * bins / duration_s).astype(np.int64), bins - 1),
                         minlength=bins)
    if counts.min() == 0:
        raise ValueError(f"one of {bins} bins of the window holds no event; take fewer curve_bins")
    curve = VolumeCurve(tuple((counts / counts.sum()).tolist()))
    return (curve,), minute_weights(curve.volume_curve, 0.0, max(60.0, duration_s))


def _bursts(fit):
    """The excitation as `Takers` wants it, fast part last, and its estimates."""
    if fit is None:
        return (), [Estimate("branching", 0.0)]
    branching = fit.alpha[:, 0, 0] / fit.beta
    total = branching.sum()
    scale = min(1.0, 0.99 / total) if total > 0 else 1.0  # a market must be stationary
    bursts, estimates = [], []
    for p in np.flatnonzero(branching > 1e-6):
        bursts.append((float(branching[p] * scale), float(1 / fit.beta[p])))
        estimates += [Estimate(f"branching_{len(bursts)}", float(branching[p]),
                               float(fit.part_error[p, 0, 0])),
                      Estimate(f"time_{len(bursts)}_s", float(1 / fit.beta[p]),
                               float(fit.beta_error[p] / fit.beta[p] ** 2))]
    return tuple(bursts), [*estimates, Estimate("branching", float(fit.branching[0, 0]),
                                                float(fit.branching_error[0, 0]))]
