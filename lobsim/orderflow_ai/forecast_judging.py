"""The two forecasters side by side: trained, and judged on rows that neither has seen.

`train_forecasts` fits logistic regression and several trainings of the network for one horizon and
picks the edge that each trades at; `Forecasts.judge` says how good they are and what they earn.
Judging can be done on several parts, such as days of another kind. `judge_forecasts` does both.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lobsim.orderflow_ai.book_windows import (DepthDay, embargo_of, reach, split_day, usable_rows)
from lobsim.orderflow_ai.forecast import (LinearForecast, NetworkForecast, Part, fit_linear,
                                          fit_network, labels_of, threshold_of)
from lobsim.orderflow_ai.forecast_scores import (Interval, block_interval, class_f1,
                                                 forecast_trades, macro_f1, pick_edge, pick_flat,
                                                 told_of)

__all__ = ["Forecasts", "LINEAR", "NETWORK", "SHARES", "judge_forecasts", "parts_of",
           "train_forecasts"]

LINEAR, NETWORK = "logistic OBI/OFI", "network"
EARNED = ("gross", "half", "net", "net_bps")
SHARES = (0.6, 0.15, 0.25)
"""Of a single day, in order of time: to learn from, to choose by, to judge by."""
FEWEST = 10
"""Trades, over all trainings, below which their mean is not told."""


class Forecasts(NamedTuple):
    """Forecasters of one horizon.

    Attributes
    ----------
    horizon : int
        Rows.
    threshold : float
        Ticks: a mean move up to it is flat.
    length : int
        Rows of a network's window.
    fee : float
        Of taking, ticks a share.
    linear : LinearForecast
    networks : tuple of NetworkForecast
        One for each training.
    flats, edges : tuple of float
        What each multiplies the chance of flat by (`pick_flat`), and the edge at which it trades
        (`pick_edge`): the linear model, then the networks.
    """

    horizon: int
    threshold: float
    length: int
    fee: float
    linear: LinearForecast
    networks: tuple[NetworkForecast, ...]
    flats: tuple[float, ...]
    edges: tuple[float, ...]

    def judge(self, judge: Part, seed: int = 0, draws: int = 400) -> list[dict]:
        """Scores on rows that served neither learning nor choosing.

        Parameters
        ----------
        judge : Part
        seed, draws : int
            Of the block bootstrap. Its blocks are twice what a forecast sees and its horizon; the
            rows of all days stand one after the other.

        Returns
        -------
        list of dict
            One for each model, `LINEAR` and `NETWORK`:

            ======================== ===========================================================
            ``model, horizon``       and ``threshold`` (ticks), ``trainings``, ``rows``
            ``seconds``              median time that the horizon takes
            ``f1``                   macro F1, `Interval`; of the network the mean of trainings
            ``f1_gain``              the same less the linear model's, paired by block
            ``classes``              F1 of down, flat, up
            ``edges``                of each training
            ``trades``               how many, mean of the trainings
            ``gross, half, net``     mean ticks a trade (`Trades`), `Interval`; NaN below ten trades
            ``net_bps``              the same as ``net``, in bps of the mid
            ``net_gain``             ``net`` less the linear model's, paired by block
            ======================== ===========================================================

            Intervals are 95 %, over blocks, and over trainings where there are several.
        """
        labels = labels_of(judge, self.horizon, self.threshold)
        block = min(2 * (reach(self.length) + self.horizon), len(labels))
        took = np.concatenate([day.time_ns[rows + self.horizon] - day.time_ns[rows]
                               for day, rows in zip(judge.days, judge.rows, strict=True)])
        linear = _Seen.of(self, labels, judge, range(1))
        networks = _Seen.of(self, labels, judge, range(1, 1 + len(self.networks)))
        common = {"horizon": self.horizon, "threshold": self.threshold, "rows": len(labels),
                  "seconds": float(np.median(took)) / 1e9}
        return [{"model": name, **common, **seen.scores(linear, block, seed, draws)}
                for name, seen in ((LINEAR, linear), (NETWORK, networks))]


class _Seen(NamedTuple):
    """What the trainings of a model foretell of the rows judged, and what they trade there.

    `told` has shape (trainings, rows). `booked` has shape (trainings, 5, rows): 1 at the rows of
    entry of a trade, and the columns `EARNED` of it; 0 elsewhere. So what is earned can be summed
    over the same blocks of rows as hits are counted.
    """

    labels: np.ndarray
    told: np.ndarray
    booked: np.ndarray
    edges: tuple[float, ...]

    @classmethod
    def of(cls, made: Forecasts, labels: np.ndarray, judge: Part, models: range) -> "_Seen":
        told = np.empty((len(models), len(labels)), int)
        booked = np.zeros((len(models), 1 + len(EARNED), len(labels)))
        for m, which in enumerate(models):
            model = (made.linear, *made.networks)[which]
            first = 0
            for day, rows in zip(judge.days, judge.rows, strict=True):
                chances = model.chances(day, rows)
                told[m, first:first + len(rows)] = told_of(chances, made.flats[which])
                trades = forecast_trades(chances, rows, day.mid, day.half_spread, made.horizon,
                                         made.edges[which], made.fee)
                booked[m][:, first + trades.entry] = (
                    np.ones(len(trades.entry)), trades.gross, trades.half, trades.net,
                    1e4 * trades.net / day.mid[rows[trades.entry]])
                first += len(rows)
        return cls(labels, told, booked, tuple(made.edges[which] for which in models))

    def f1(self, rows: np.ndarray, which=(0,)) -> float:
        """Macro F1 on some rows, mean of some trainings."""
        return float(np.mean([macro_f1(self.labels[rows], self.told[m, rows]) for m in which]))

    def mean(self, column: str, rows: np.ndarray, which=(0,)) -> float:
        """Mean of a column of the trades entered at some rows, in some trainings."""
        made = sum(self.booked[m, 0, rows].sum() for m in which)
        place = 1 + EARNED.index(column)
        return sum(self.booked[m, place, rows].sum() for m in which) / made if made else np.nan

    @property
    def made(self) -> float:
        """Trades of all trainings."""
        return float(self.booked[:, 0].sum())

    def scores(self, linear: "_Seen", block: int, seed: int, draws: int) -> dict:
        """Scores with intervals; the gains are those over `linear`, on the same blocks."""
        several = len(self.told) if len(self.told) > 1 else None

        def interval(measure) -> Interval:
            return block_interval(measure, len(self.labels), block, seed, draws, trainings=several)

        found = {"trainings": len(self.told), "f1": interval(self.f1),
                 "f1_gain": interval(lambda *drawn: self.f1(*drawn) - linear.f1(drawn[0])),
                 "classes": np.mean([class_f1(self.labels, told) for told in self.told],
                                    axis=0).tolist(),
                 "edges": list(self.edges), "trades": self.made / len(self.told)}
        nothing = Interval(np.nan, np.nan, np.nan)
        for column in EARNED:
            found[column] = nothing if self.made < FEWEST else interval(
                lambda *drawn, column=column: self.mean(column, *drawn))
        found["net_gain"] = nothing if min(self.made, linear.made) < FEWEST else interval(
            lambda *drawn: self.mean("net", *drawn) - linear.mean("net", drawn[0]))
        return found


def parts_of(days: Sequence[DepthDay], horizon: int, length: int = 30) -> tuple[Part, Part, Part]:
    """Rows to learn from, to choose by and to judge by.

    Parameters
    ----------
    days : sequence of DepthDay
        In order of time. A single day is cut by `SHARES`, with an embargo between the parts. Of
        three and more the last is judged on, the one before is chosen by, the rest learned from.
    horizon, length : int

    Raises
    ------
    ValueError
        When there are two days, which fit neither way, or a day is too short.
    """
    if len(days) == 1:
        cut = split_day(usable_rows(days[0], length, horizon), SHARES, embargo_of(length, horizon))
        learn, choose, judge = (Part(days, [rows]) for rows in cut)
        return learn, choose, judge
    if len(days) < 3:
        raise ValueError(f"there are {len(days)} days; give one, which is cut in time, or at least "
                         f"three, of which the last is judged on and the one before is chosen by")
    rows = [usable_rows(day, length, horizon) for day in days]
    for k, some in enumerate(rows):
        if len(some) == 0:
            raise ValueError(f"day {k + 1} has {len(days[k].time_ns)} rows; a horizon of {horizon} "
                             f"needs at least {reach(length) + horizon}")
    return (Part(days[:-2], rows[:-2]), Part(days[-2:-1], rows[-2:-1]),
            Part(days[-1:], rows[-1:]))


def train_forecasts(learn: Part, choose: Part, horizon: int, *, length: int = 30,
                    trainings: int = 1, seed: int = 0, fee: float = 0.0, **training) -> Forecasts:
    """Fit both forecasters for one horizon, and pick where each tells flat and where it trades.

    Parameters
    ----------
    learn : Part
        Threshold, scales and weights are measured on it.
    choose : Part
        Says when the network's training was best, how often to tell flat, and at which edge to
        trade.
    horizon : int
        Rows.
    length : int
        Rows of the network's window.
    trainings : int
        Of the network, with seeds `seed`, `seed` + 1, ...
    seed : int
    fee : float
        Of taking, ticks a share.
    **training
        Passed to `fit_network`.

    Examples
    --------
    >>> from lobsim.data import bundled, read_lobster
    >>> from lobsim.orderflow_ai.book_windows import depth_of_lobster
    >>> day = depth_of_lobster(read_lobster(bundled("lobster_messages")))
    >>> learn, choose, judge = parts_of([day], 10)
    >>> told = train_forecasts(learn, choose, 10, steps=2).judge(judge, draws=20)
    >>> [entry["model"] for entry in told]
    ['logistic OBI/OFI', 'network']
    """
    if trainings < 1:
        raise ValueError(f"trainings is {trainings}; it must be at least 1")
    threshold = threshold_of(learn, horizon)
    linear = fit_linear(learn, horizon, threshold)
    networks = tuple(fit_network(learn, choose, horizon, threshold, length=length, seed=seed + k,
                                 **training) for k in range(trainings))
    labels = labels_of(choose, horizon, threshold)
    flats, edges = [], []
    for model in (linear, *networks):
        chances = [model.chances(day, rows)
                   for day, rows in zip(choose.days, choose.rows, strict=True)]
        flats.append(pick_flat(np.concatenate(chances), labels))
        edges.append(pick_edge(chances, choose.rows, choose.days, horizon, fee))
    return Forecasts(horizon, threshold, length, fee, linear, networks, tuple(flats), tuple(edges))


def judge_forecasts(learn: Part, choose: Part, judge: Part, horizon: int, *, seed: int = 0,
                    draws: int = 400, **training) -> list[dict]:
    """Train both forecasters for one horizon, and judge them on the same unseen rows.

    Parameters
    ----------
    learn, choose, judge : Part
    horizon : int
        Rows.
    seed, draws
        As for `train_forecasts` and `Forecasts.judge`.
    **training
        Passed to `train_forecasts`.

    Returns
    -------
    list of dict
        As from `Forecasts.judge`.
    """
    return train_forecasts(learn, choose, horizon, seed=seed, **training).judge(judge, seed, draws)
