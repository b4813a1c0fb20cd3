"""Cont, Stoikov and Talreja's table 3 in the market itself: theory, simulation, and calibration.

The parameters are those of Sky Perfect Communications, with a second for a minute.
"""

import numpy as np
import pytest

from lobsim.analytics.cst import probability_mid_up
from lobsim.market import Market, Profile
from lobsim.market.calibrate import calibrate, event_log
from lobsim.market.parts import Takers, ZeroIntelligence

LIMIT = np.array([1.85, 1.51, 1.09, 0.88, 0.77])
CANCEL = np.array([0.71, 0.81, 0.68, 0.56, 0.47])
MARKET = 0.94
ERRORS = 4.5  # of 25 estimates on one fixed seed


@pytest.fixture(scope="module")
def day():
    """A day of 23,400 s: messages and initial orders, every order of one lot."""
    parts = (ZeroIntelligence(limit_rate_per_s=LIMIT[0], cancel_rate_per_s=CANCEL[0],
                              limit_levels=5, limit_shape=tuple(LIMIT / LIMIT[0]),
                              cancel_shape=tuple(CANCEL / CANCEL[0]), partial_cancels=False),
             Takers(market_rate_per_s=2 * MARKET, meta_min_orders=0.01))  # sides are independent
    profile = Profile(name="CST", symbol="CST", description="Sky Perfect Communications",
                      tick_size=0.01, start_price=100.0, parts=parts)
    market = Market(profile, 2010, profile.day_start_s, profile.day_end_s, record=True)
    market.advance(profile.day_end_s)
    kept = market.record()
    return kept.messages, kept.initial


def up_shares(log):
    """Share of upward moves that follow a spread of one tick with bid b and ask a, and counts.

    Each state counts once between two moves of the mid, so that the trials are independent.
    """
    bid, ask = log.best[:, 0, 0], log.best[:, 1, 0]
    lots = log.best[:, :, 1]
    far = 1000  # an empty side (0.3 % of the rows) has its quote far away
    bid, ask = (np.where(lots[:, 0] > 0, bid, ask - far), np.where(lots[:, 1] > 0, ask, bid + far))
    mid2 = bid + ask
    moved = np.flatnonzero(np.diff(mid2) != 0) + 1  # a row of a new mid
    row = np.arange(len(mid2))
    after = np.searchsorted(moved, row, side="right")  # the next move of each row
    known = (after < len(moved)) & (ask - bid == 1) & (lots <= 5).all(axis=1)
    row, after = row[known], after[known]
    up = mid2[moved[after]] > mid2[row]
    cell = (lots[row, 0] - 1) * 5 + lots[row, 1] - 1
    _, first = np.unique(after * 25 + cell, return_index=True)
    counts = np.bincount(cell[first], minlength=25)
    return (np.bincount(cell[first], up[first], 25) / counts).reshape(5, 5), counts.reshape(5, 5)


def test_the_mid_moves_as_table_3_says(day):
    log = event_log(*day)
    share, counts = up_shares(log)
    bid, ask = np.ix_(range(1, 6), range(1, 6))
    exact = probability_mid_up(bid, ask, LIMIT, CANCEL, MARKET)
    assert counts.min() > 100 and counts.sum() > 50_000
    assert (np.abs(share - exact) < ERRORS * np.sqrt(exact * (1 - exact) / counts)).all()


def test_rates_fitted_to_the_day_give_the_table(day):
    """From messages to rates to probabilities: within what the errors of the rates allow."""
    found = calibrate("zero_intelligence", *day)
    for i in range(5):
        for name, truth in ((f"lambda({i + 1})", LIMIT[i]), (f"theta({i + 1})", CANCEL[i])):
            assert abs(found[name].value - truth) < ERRORS * found[name].standard_error, name
    rates = (found["lambda(1)"].value, found["theta(1)"].value,
             found["market_rate_per_s"].value / 2)
    bid, ask = np.ix_(range(1, 6), range(1, 6))
    exact = probability_mid_up(bid, ask, LIMIT, CANCEL, MARKET)
    np.testing.assert_allclose(probability_mid_up(bid, ask, *rates), exact, atol=0.01)
