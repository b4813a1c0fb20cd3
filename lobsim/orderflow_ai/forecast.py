"""A DeepLOB-style forecaster of the next mid move, beside logistic regression on OBI and OFI.

Both foretell down, flat or up (`lobsim.orderflow_ai.book_windows.move_labels`).
`lobsim.orderflow_ai.forecast_judging` compares them on rows that neither has seen.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lobsim.orderflow_ai.book_windows import (UP, DepthDay, Scale, flow_features, mid_moves,
                                              mirrored, move_labels)
from lobsim.orderflow_ai.forecast_scores import CLASSES

__all__ = ["DepthNet", "LinearForecast", "NetworkForecast", "Part", "fit_linear", "fit_network",
           "labels_of", "threshold_of"]

CHANNELS = 5  # of `Scale.pictures`
MOST_LOOKED_AT = 2_000
"""Rows at most by which the best state of a training is chosen."""


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
        # Kernels of one row and one level, then of one row and all levels: written as products of
        # matrices, which two cores do in half the time of the same convolutions.
        self.level = nn.Sequential(nn.Linear(CHANNELS, width), nn.LeakyReLU(0.01), nn.Flatten(2),
                                   nn.Linear(width * levels, width), nn.LeakyReLU(0.01))
        self.short = nn.Conv1d(width, width, 3, padding=1)
        self.long = nn.Conv1d(width, width, 9, padding=4)
        self.recurrent = nn.GRU(2 * width, 2 * width, batch_first=True)
        self.head = nn.Linear(2 * width, CLASSES)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Logits of down, flat, up from windows of shape (N, length, levels, 5)."""
        x = self.level(windows).transpose(1, 2)
        x = functional.leaky_relu(torch.cat([self.short(x), self.long(x)], dim=1), 0.01)
        # A recurrent step costs more than a convolution: every second row is enough behind these.
        states, _ = self.recurrent(x.transpose(1, 2)[:, 1 - x.shape[2] % 2::2])
        return self.head(states[:, -1])


def labels_of(part: Part, horizon: int, threshold: float) -> np.ndarray:
    """Label of each row of a part, its days one after the other, shape (n,).

    Raises
    ------
    ValueError
        When a row has no whole horizon behind it.
    """
    labels = np.concatenate([move_labels(mid_moves(day, horizon), threshold)[rows]
                             for day, rows in zip(part.days, part.rows, strict=True)])
    if (labels < 0).any():
        raise ValueError(f"{np.count_nonzero(labels < 0)} rows have no {horizon} rows behind them; "
                         f"take them from usable_rows with this horizon")
    return labels


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
    labels = labels_of(learn, horizon, threshold)
    table = np.concatenate([flow_features(day)[rows]
                            for day, rows in zip(learn.days, learn.rows, strict=True)])
    # Each row also with buyers and sellers changed over, as the network learns: see `mirrored`.
    table, labels = np.concatenate([table, -table]), np.concatenate([labels, UP - labels])
    mean, std = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-9)
    x = np.column_stack([(table - mean) / std, np.ones(len(labels))])
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
    """A trained `DepthNet`, the scale of its pictures, and the length of its windows.

    It foretells a rise of a book as it foretells a fall of the `mirrored` one: both are looked at,
    and the mean is told. Logistic regression on OBI and OFI has that by its form.
    """

    net: DepthNet
    scale: Scale
    length: int

    @torch.no_grad()
    def chances(self, day: DepthDay, rows: np.ndarray, batch: int = 1024) -> np.ndarray:
        """Of down, flat, up at rows of a day, shape (n, 3)."""
        self.net.eval()
        pictures = self.scale.pictures(day)
        found = []
        for k in range(0, len(rows), batch):
            windows = _windows(pictures, rows[k:k + batch], self.length)
            one, other = (torch.softmax(self.net(seen), 1) for seen in (windows, mirrored(windows)))
            found.append(0.5 * (one + other.flip(1)))
        return torch.cat(found).numpy().astype(float)


def _windows(pictures: np.ndarray, rows: np.ndarray, length: int) -> torch.Tensor:
    """Windows that end at rows, shape (n, length, levels, channels)."""
    if rows.min() < length - 1:
        raise ValueError(f"row {rows.min()} has no window of {length} rows before it")
    return torch.from_numpy(pictures[rows[:, None] + np.arange(1 - length, 1)])


def fit_network(learn: Part, choose: Part, horizon: int, threshold: float, *, length: int = 30,
                minutes: float = 2.0, steps: int | None = None, batch: int = 128,
                rate: float = 4e-3, width: int = 16, seed: int = 0) -> NetworkForecast:
    """Train a `DepthNet` by the clock (or by steps); the state that was best on `choose` is kept.

    Half of what it learns from is `mirrored`. Ten times in the course of it the logarithmic loss on
    `choose` is looked at.

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
    places = np.concatenate([np.column_stack([np.full(len(rows), k), rows])
                             for k, rows in enumerate(learn.rows)])
    labels = labels_of(learn, horizon, threshold)
    # Rows side by side are alike: two thousand tell the loss nearly as well as all.
    thin = -(-sum(len(rows) for rows in choose.rows) // MOST_LOOKED_AT)
    choose = Part(choose.days, [rows[::thin] for rows in choose.rows])
    choose_labels = labels_of(choose, horizon, threshold)
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
        wanted = labels[some][order]
        over = rng.random(batch) < 0.5
        windows[over], wanted[over] = mirrored(windows[over]), UP - wanted[over]
        loss = functional.cross_entropy(net(windows), torch.from_numpy(wanted))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        done += 1
    net.load_state_dict(kept)
    return forecast
