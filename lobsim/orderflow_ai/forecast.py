"""A DeepLOB-style forecaster of the next mid move, beside logistic regression on OBI and OFI.

Both foretell down, flat or up (`lobsim.orderflow_ai.book_windows.move_labels`) and are judged on
rows that neither has seen, by macro F1 and by what trading on them earns after costs
(`lobsim.orderflow_ai.forecast_scores`). `judge_forecasts` does the whole comparison for one
horizon.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lobsim.orderflow_ai.book_windows import (DepthDay, Scale, flow_features, mid_moves,
                                              move_labels)
from lobsim.orderflow_ai.forecast_scores import (CLASSES, Interval, block_interval,
                                                 forecast_trades, macro_f1, pick_edge)

__all__ = ["DepthNet", "Part", "fit_linear", "fit_network", "judge_forecasts"]

CHANNELS = 5  # of `Scale.pictures`


class Part(NamedTuple):
    """Rows of days that serve one purpose: learning, choosing, or judging.

    Attributes
    ----------
    days : sequence of DepthDay
    rows : sequence of ndarray of int
        Rows of each day, increasing (`usable_rows`, `split_day`).
    """

    days: Sequence[DepthDay]
    rows: Sequence[np.ndarray]


class DepthNet(nn.Module):
    r"""Convolutions over the levels of the book, then over time, then a recurrent layer.

    After Zhang, Zohren and Roberts (2019), "DeepLOB: deep convolutional neural networks for limit
    order books", IEEE Transactions on Signal Processing 67(11), section IV: first the price and the
    size of a level are put together, then levels, then time, then a recurrent layer (here a GRU in
    place of the LSTM, and a fifth of the channels, so that it learns on two cores in minutes).

    Parameters
    ----------
    levels : int
    width : int
        Channels of the convolutions and of the recurrent layer.

    Examples
    --------
    >>> DepthNet(levels=5)(torch.zeros(2, 30, 5, 5)).shape
    torch.Size([2, 3])
    """

    def __init__(self, levels: int, width: int = 16):
        super().__init__()
        self.level = nn.Sequential(nn.Conv2d(CHANNELS, width, 1), nn.LeakyReLU(0.01),
                                   nn.Conv2d(width, width, (1, levels)), nn.LeakyReLU(0.01))
        self.short = nn.Conv1d(width, width, 3, padding=1)
        self.long = nn.Conv1d(width, width, 9, padding=4)
        self.recurrent = nn.GRU(2 * width, 2 * width, batch_first=True)
        self.head = nn.Linear(2 * width, CLASSES)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Logits of down, flat, up from windows of shape (N, length, levels, 5)."""
        x = self.level(windows.permute(0, 3, 1, 2)).squeeze(3)
        x = functional.leaky_relu(torch.cat([self.short(x), self.long(x)], dim=1), 0.01)
        # A recurrent step costs more than a convolution: every second row is enough behind these.
        states, _ = self.recurrent(x.transpose(1, 2)[:, 1 - x.shape[2] % 2::2])
        return self.head(states[:, -1])


def _labelled(part: Part, horizon: int, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Which day and row, shape (n, 2), and the label of each row of a part."""
    places = np.concatenate([np.column_stack([np.full(len(rows), k), rows])
                             for k, rows in enumerate(part.rows)])
    labels = np.concatenate([move_labels(mid_moves(day, horizon), threshold)[rows]
                             for day, rows in zip(part.days, part.rows, strict=True)])
    if (labels < 0).any():
        raise ValueError(f"{np.count_nonzero(labels < 0)} rows have no {horizon} rows behind them; "
                         f"take them from usable_rows with this horizon")
    return places, labels


def threshold_of(learn: Part, horizon: int, flat: float = 1 / 3) -> float:
    """Size of a move, in ticks, below which a share `flat` of the rows learned from stays."""
    moves = np.concatenate([mid_moves(day, horizon)[rows]
                            for day, rows in zip(learn.days, learn.rows, strict=True)])
    return float(np.quantile(np.abs(moves), flat))


class LinearForecast(NamedTuple):
    """Multinomial logistic regression: scaling of the features, and one column per class."""

    mean: np.ndarray
    std: np.ndarray
    weights: np.ndarray

    def chances(self, day: DepthDay, rows: np.ndarray) -> np.ndarray:
        """Of down, flat, up at rows of a day, shape (n, 3)."""
        scaled = (flow_features(day)[rows] - self.mean) / self.std
        logits = np.column_stack([scaled, np.ones(len(rows))]) @ self.weights
        return _softmax(logits)


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def fit_linear(learn: Part, horizon: int, threshold: float, ridge: float = 1e-4
               ) -> LinearForecast:
    """Fit logistic regression on OBI and OFI by Newton's method (a convex problem, ten steps).

    Parameters
    ----------
    learn : Part
    horizon : int
        Rows.
    threshold : float
        Ticks.
    ridge : float
        Penalty on squared weights, per row.
    """
    places, labels = _labelled(learn, horizon, threshold)
    table = np.concatenate([flow_features(day)[rows]
                            for day, rows in zip(learn.days, learn.rows, strict=True)])
    mean, std = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-9)
    x = np.column_stack([(table - mean) / std, np.ones(len(places))])
    wanted = np.eye(CLASSES)[labels]
    n, size = x.shape
    weights = np.zeros((size, CLASSES))
    for _ in range(10):
        chances = _softmax(x @ weights)
        slope = x.T @ (chances - wanted) / n + ridge * weights
        curvature = np.zeros((size * CLASSES, size * CLASSES))
        for a in range(CLASSES):
            for b in range(CLASSES):
                share = chances[:, a] * ((a == b) - chances[:, b])
                curvature[a * size:(a + 1) * size, b * size:(b + 1) * size] = (
                    (x * share[:, None]).T @ x / n)
        curvature += ridge * np.eye(len(curvature))
        weights -= np.linalg.solve(curvature, slope.T.ravel()).reshape(CLASSES, size).T
    return LinearForecast(mean, std, weights)


class NetworkForecast(NamedTuple):
    """A trained `DepthNet`, the scale of its pictures, and the length of its windows."""

    net: DepthNet
    scale: Scale
    length: int

    @torch.no_grad()
    def chances(self, day: DepthDay, rows: np.ndarray, batch: int = 1024) -> np.ndarray:
        """Of down, flat, up at rows of a day, shape (n, 3)."""
        self.net.eval()
        pictures = self.scale.pictures(day)
        found = [torch.softmax(self.net(_windows(pictures, rows[k:k + batch], self.length)), 1)
                 for k in range(0, len(rows), batch)]
        return torch.cat(found).numpy().astype(float)


def _windows(pictures: np.ndarray, rows: np.ndarray, length: int) -> torch.Tensor:
    """Windows that end at rows, shape (n, length, levels, channels)."""
    if rows.min() < length - 1:
        raise ValueError(f"row {rows.min()} has no window of {length} rows before it")
    return torch.from_numpy(pictures[rows[:, None] + np.arange(1 - length, 1)])


def fit_network(learn: Part, choose: Part, horizon: int, threshold: float, *, length: int = 30,
                minutes: float = 2.0, steps: int | None = None, batch: int = 128,
                rate: float = 2e-3, width: int = 16, seed: int = 0) -> NetworkForecast:
    """Train a `DepthNet` by the clock (or by steps); the state that was best on `choose` is kept.

    Parameters
    ----------
    learn, choose : Part
    horizon : int
        Rows.
    threshold : float
        Ticks.
    length : int
        Rows of a window.
    minutes : float
    steps : int, optional
        Ends the training in place of the clock.
    batch, rate, width, seed
        Of the training, the network, and its random numbers.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    scale = Scale.fit(learn.days, learn.rows)
    pictures = [scale.pictures(day) for day in learn.days]
    places, labels = _labelled(learn, horizon, threshold)
    choose_labels = _labelled(choose, horizon, threshold)[1]
    net = DepthNet(learn.days[0].bid_ticks.shape[1], width)
    forecast = NetworkForecast(net, scale, length)
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
    best, kept = np.inf, {name: value.clone() for name, value in net.state_dict().items()}
    started, done, looks = time.monotonic(), 0, 0
    while True:
        spent = done / steps if steps else (time.monotonic() - started) / (60.0 * minutes)
        if spent * 10.0 >= looks + 1 or spent >= 1.0:
            looks += 1
            told = np.concatenate([forecast.chances(day, rows) for day, rows in
                                   zip(choose.days, choose.rows, strict=True)])
            loss = -np.log(np.maximum(told[np.arange(len(told)), choose_labels], 1e-12)).mean()
            if loss < best:
                best = loss
                kept = {name: value.clone() for name, value in net.state_dict().items()}
        if spent >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate * (1.0 - spent)
        net.train()
        some = rng.integers(0, len(places), batch)
        windows = torch.cat([_windows(pictures[day], places[some][places[some, 0] == day, 1],
                                      length) for day in np.unique(places[some, 0])])
        order = np.argsort(places[some, 0], kind="stable")
        loss = functional.cross_entropy(net(windows), torch.from_numpy(labels[some][order]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        done += 1
    net.load_state_dict(kept)
    return forecast


def judge_forecasts(learn: Part, choose: Part, judge: Part, horizon: int, *, length: int = 30,
                    seed: int = 0, draws: int = 400, **training) -> list[dict]:
    """Train both forecasters for one horizon, and judge them on the same unseen rows.

    Parameters
    ----------
    learn, choose, judge : Part
        Choosing stops the network's training and picks the edge to trade at.
    horizon : int
        Rows.
    length, seed, **training
        Passed to `fit_network`.
    draws : int
        Of the block bootstrap, whose blocks are twice a window and a horizon.

    Returns
    -------
    list of dict
        One per model: ``model, horizon, threshold``; ``f1`` and its difference to the linear
        model's ``f1_gain`` (paired by block) as `Interval`; ``edge, trades``; ``gross, half, net``,
        mean ticks a trade as `Interval` (NaN where there are fewer than ten trades).
    """
    threshold = threshold_of(learn, horizon)
    models = {"logistic OBI/OFI": fit_linear(learn, horizon, threshold),
              "network": fit_network(learn, choose, horizon, threshold, length=length, seed=seed,
                                     **training)}
    labels = _labelled(judge, horizon, threshold)[1]
    block = min(2 * (horizon + length), len(labels))
    rows, linear = [], None
    for name, model in models.items():
        told = np.concatenate([model.chances(day, rows) for day, rows in
                               zip(judge.days, judge.rows, strict=True)]).argmax(axis=1)
        linear = told if linear is None else linear
        entry = {"model": name, "horizon": horizon, "threshold": threshold,
                 "f1": block_interval(lambda k, t=told: macro_f1(labels[k], t[k]),
                                      len(labels), block, seed, draws),
                 "f1_gain": block_interval(lambda k, t=told: macro_f1(labels[k], t[k])
                                           - macro_f1(labels[k], linear[k]),
                                           len(labels), block, seed, draws)}
        rows.append(entry | _earned(model, choose, judge, horizon, seed, draws))
    return rows


def _earned(model, choose: Part, judge: Part, horizon: int, seed: int, draws: int) -> dict:
    """Trades on a forecast at the edge that was best on the rows to choose by."""
    day, rows = choose.days[-1], choose.rows[-1]
    edge = pick_edge(model.chances(day, rows), rows, day.mid, day.half_spread, horizon)
    made = [forecast_trades(model.chances(day, rows), rows, day.mid, day.half_spread, horizon,
                            edge) for day, rows in zip(judge.days, judge.rows, strict=True)]
    found: dict = {"edge": edge, "trades": sum(len(trades.entry) for trades in made)}
    for name in ("gross", "half", "net"):
        values = np.concatenate([getattr(trades, name) for trades in made])
        if len(values) < 10:
            found[name] = Interval(np.nan, np.nan, np.nan)
        else:
            found[name] = block_interval(lambda k, v=values: float(v[k].mean()), len(values),
                                         min(5, len(values)), seed, draws)
    return found
