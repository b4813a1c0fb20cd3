"""Fit the flows of `lobsim.market.parts` to recorded messages, with errors and tests of the fit.

`calibrate` is the front door; the estimators behind it take events (`event_log`) or plain times.
"""

from lobsim.market.calibrate.events import EVENT, EVENT_NAMES, EventLog, event_log
from lobsim.market.calibrate.front import MODELS, calibrate
from lobsim.market.calibrate.goodness import branching_from_counts, window_counts
from lobsim.market.calibrate.hawkes import HawkesFit, fit_hawkes, simulate_hawkes
from lobsim.market.calibrate.queue_reactive import (fit_queue_reactive, invariant_law,
                                                     mid_changes)
from lobsim.market.calibrate.reference import fit_reference_moves, mid_statistics
from lobsim.market.calibrate.result import Calibration, Estimate, FitTest
from lobsim.market.calibrate.takers import fit_takers
from lobsim.market.calibrate.zero_intelligence import fit_power_law, fit_zero_intelligence

__all__ = ["EVENT", "EVENT_NAMES", "MODELS", "Calibration", "Estimate", "EventLog", "FitTest",
           "HawkesFit", "branching_from_counts", "calibrate", "event_log", "fit_hawkes",
           "fit_power_law", "fit_queue_reactive", "fit_reference_moves", "fit_takers",
           "fit_zero_intelligence", "invariant_law", "mid_changes", "mid_statistics",
           "simulate_hawkes", "window_counts"]
