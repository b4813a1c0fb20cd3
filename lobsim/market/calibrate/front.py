"""`calibrate`: from recorded messages to a fitted part of a market, in one call."""

import numpy as np

from lobsim.market.calibrate.events import EVENT_NAMES, EventLog, event_log
from lobsim.market.calibrate.goodness import dispersion_test
from lobsim.market.calibrate.hawkes import fit_hawkes
from lobsim.market.calibrate.queue_reactive import fit_queue_reactive
from lobsim.market.calibrate.result import Calibration
from lobsim.market.calibrate.takers import fit_takers, volume_curve
from lobsim.market.calibrate.zero_intelligence import fit_zero_intelligence
from lobsim.market.parts import Hawkes

MODELS = ("zero_intelligence", "hawkes", "queue_reactive", "takers")
_STATIONARY = 0.99


def calibrate(model: str, messages: np.ndarray, initial: np.ndarray, *, window_s=None,
              ignore=None, levels: int | None = None, queues: int = 3, lot_size: float = 1.0,
              **options) -> Calibration:
    """Fit a model of order flow to recorded messages.

    Parameters
    ----------
    model : str
        ``"zero_intelligence"``, ``"hawkes"``, ``"queue_reactive"`` or ``"takers"``.
    messages : ndarray of `MESSAGE`
        In order of time: ``recording.messages`` of a market, or those of
        `lobsim.data.to_messages`.
    initial : ndarray of `MESSAGE`
        Limit orders that build the book before them.
    window_s : tuple of 2 floats, optional
        Start and end in seconds on the clock of the messages; by default first to last message.
    ignore : ndarray of bool, optional
        Messages that are no events: ``is_patch`` of `lobsim.data.to_messages`.
    levels : int, optional
        Occupied prices of a side that the source shows (N of a LOBSTER file).
    queues : int
        Queues a side that the queue-reactive model follows.
    lot_size : float
        Shares (or coins) per lot.
    **options
        Of the model: ``distances`` (zero_intelligence: how many, from the opposite quote),
        ``n_exponentials``, ``beta`` and ``curve_bins`` (hawkes), ``n_max``, ``unit`` and
        ``simulate`` (queue_reactive), ``n_exponentials`` and ``curve_bins`` (takers). See the
        functions ``fit_*`` and `calibrate_hawkes`.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        If the model is unknown, or the messages cannot tell its parameters.

    Examples
    --------
    >>> from lobsim.market import Market
    >>> market = Market("SPY", seed=1, start_s=36_000, end_s=36_120, record=True)
    >>> market.advance(36_120)
    >>> kept = market.record()
    >>> found = calibrate("takers", kept.messages, kept.initial, n_exponentials=0)
    >>> found.part.market_rate_per_s == found["market_rate_per_s"].value
    True
    """
    if model not in MODELS:
        raise ValueError(f"model is {model!r}; it must be one of {', '.join(MODELS)}")
    if not lot_size > 0:
        raise ValueError(f"lot_size is {lot_size}; it must be positive")
    followed = queues if model == "queue_reactive" else 1
    log = event_log(messages, initial, window_s=window_s, ignore=ignore, levels=levels,
                    queues=followed)
    if model == "zero_intelligence":
        return fit_zero_intelligence(log, lot_size=lot_size, levels=options.pop("distances", None),
                                     **options)
    if model == "hawkes":
        return calibrate_hawkes(log, lot_size=lot_size, **options)
    fit = fit_queue_reactive if model == "queue_reactive" else fit_takers
    return fit(log, lot_size=lot_size, **options)


def calibrate_hawkes(log: EventLog, *, lot_size: float = 1.0, n_exponentials: int = 2,
                     beta=None, curve_bins: int = 0) -> Calibration:
    """Fit `Hawkes` to the six types of events of a log.

    Parameters
    ----------
    log : EventLog
    lot_size : float
        Shares (or coins) per lot.
    n_exponentials, beta
        See `lobsim.market.calibrate.hawkes.fit_hawkes`.
    curve_bins : int
        Equal parts of the window whose activity is told from the counts; 0 for a constant one.

    Returns
    -------
    Calibration
        Parts (`Hawkes`, `ZeroIntelligence`, `Takers`, and `VolumeCurve` with `curve_bins`): the
        second and third hold distances, sizes and signs of the orders, whose times the first one
        rules. Estimates ``mu[type]``, ``beta_p``,
        ``branching[type <- type]``, ``spectral radius``. Besides the tests of the residuals there
        is that of the events as a Poisson process.
    """
    curve, activity = volume_curve(log.times_s, log.duration_s, curve_bins)
    fit = fit_hawkes(log.times_s, log.types, duration_s=log.duration_s, n_types=len(EVENT_NAMES),
                     n_exponentials=n_exponentials, beta=beta, activity=activity)
    notes = [f"a Poisson process of constant rates has the log-likelihood "
             f"{fit.poisson_log_likelihood:,.1f}"]
    if not fit.converged:
        notes.append("the climb of the likelihood stopped before it reached the top")
    scale = 1.0
    if fit.spectral_radius > _STATIONARY:
        scale = _STATIONARY / fit.spectral_radius
        notes.append(f"the part's excitation was scaled by {scale:.3f} to be stationary")
    alpha = tuple(tuple(tuple(row) for row in (scale * one).tolist()) for one in fit.alpha)
    part = Hawkes(tuple(fit.mu.tolist()), alpha, tuple(fit.beta.tolist()))
    crowd = fit_zero_intelligence(log, lot_size=lot_size).part
    takers = fit_takers(log, lot_size=lot_size, n_exponentials=0).part
    tests = (*fit.tests, dispersion_test(log.times_s, log.duration_s, "all events"))
    return Calibration("hawkes", (part, crowd, takers, *curve), fit.estimates(EVENT_NAMES), tests,
                       fit.n_events, fit.duration_s, fit.log_likelihood, tuple(notes))
