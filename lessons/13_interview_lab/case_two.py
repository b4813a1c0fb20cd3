"""Lesson 13, case two: suspects, looks with their cost in days, what a look may say."""

import numpy as np
import pandas as pd

CAUSES = ("nothing", "order_latency", "feed_latency", "ack_delay", "stale_feed", "fees", "rejects",
          "queue", "spread", "volatility", "flow")
MEASURES = ("order_delay_s", "report_delay_s", "fee_bps", "crossed", "refused", "ahead",
            "spread_ticks", "swing", "volume", "depth")
WEEK = 4  # orders of a week
LOOK_DAYS = {"order stamps": 1.0, "report stamps": 1.0, "invoice": 0.5, "refusals, risk": 0.5,
        "refusals, price": 0.5, "queue": 2.0, "spread": 1.0, "swing": 2.0, "depth": 2.0}
"""Looks, and what each costs: days of a person who has to get the data and to check them."""
LOOKS = dict(zip(LOOK_DAYS, ("order_delay_s", "report_delay_s", "fee_bps", "refused", "crossed",
                             "ahead", "spread_ticks", "swing", "depth")))
REACH = 1.5  # standard errors of a week's mean beyond which a look raises an alarm
LEAST = {"order_delay_s": 0.05, "report_delay_s": 0.05, "fee_bps": 0.02, "refused": 0.004,
         "crossed": 0.06, "ahead": 0.02, "spread_ticks": 0.02, "swing": 0.02, "depth": 0.005}


def _reach(usual, count):
    """How far a week's mean of each measurement may lie off the usual one without an alarm."""
    spread = usual[list(LOOKS.values())].std(ddof=1).to_numpy()
    return np.maximum(REACH * spread * np.sqrt(1 / count + 1 / len(usual)), list(LEAST.values()))


def alarms(week, usual):
    """What each look says of a week of orders: 1 for an alarm, in the order of `LOOK_DAYS`.

    Parameters
    ----------
    week, usual : DataFrame
        Rows of orders with the columns `MEASURES`, live and in training.

    Returns
    -------
    ndarray of int, shape (looks,)
        1 where the means lie more than `REACH` standard errors, and more than `LEAST`, apart.
    """
    own = list(LOOKS.values())
    shift = (week[own].mean() - usual[own].mean()).to_numpy()
    return (np.abs(shift) > _reach(usual, len(week))).astype(int)


def chances(orders, weeks=400, seed=13):
    """How often each look raises an alarm under each suspect: weeks drawn from simulated orders.

    Parameters
    ----------
    orders : DataFrame
        ``case_orders.csv``.
    weeks, seed : int

    Returns
    -------
    DataFrame, shape (looks, suspects)
        (alarms + 1) / (weeks + 2): no look is ever quite certain.
    """
    own, rng = list(LOOKS.values()), np.random.default_rng(seed)
    usual, columns = orders[orders["cause"] == "nothing"], {}
    for cause in CAUSES:
        seen = orders.loc[orders["cause"] == cause, own].to_numpy()
        means = seen[rng.integers(len(seen), size=(weeks, WEEK))].mean(axis=1)
        found = np.abs(means - usual[own].mean().to_numpy()) > _reach(usual, WEEK)
        columns[cause] = (found.sum(axis=0) + 1) / (weeks + 2)
    return pd.DataFrame(columns, index=list(LOOK_DAYS))
