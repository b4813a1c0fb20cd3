"""The networks of agents in plain PyTorch: layers, a small convolution over depth, heads.

Stable-Baselines3 trains its own classes (`lobsim.agents.algorithms`); what it has learned is moved
into the `PolicyNetwork` here, which is all that an agent needs to act.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import nn

__all__ = ["DepthConv", "PolicyNetwork", "PolicyShape", "layers", "network_of"]

_ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}
LOG_STD_RANGE = (-20.0, 2.0)  # of a squashed Gaussian, as Stable-Baselines3 cuts it
_CHANNELS, _CODE = 16, 32


def layers(inputs: int, widths: tuple[int, ...], activation: str) -> nn.Sequential:
    """Linear layers, each followed by its activation: a network without its head.

    Parameters
    ----------
    inputs : int
    widths : tuple of int
    activation : str
        "tanh" or "relu".
    """
    parts: list[nn.Module] = []
    for width in widths:
        parts += [nn.Linear(inputs, width), _ACTIVATIONS[activation]()]
        inputs = width
    return nn.Sequential(*parts)


class DepthConv(nn.Module):
    r"""A small convolution over the levels of a book, beside the columns that are no levels.

    **State.** An observation of c + 2 L columns: first c plain ones, then the sizes at L levels of
    the own side, best first, then those of the other side, each scaled to 0..1 (as
    :math:`d / (d + \bar d)` with a typical size :math:`\bar d`, so that an empty level is 0 and a
    huge one does not drown the rest). The last 2 L columns are seen as a picture of L pixels with
    two channels: a kernel of width 3 that slides over it looks at three neighbouring levels of
    *both* sides at once, so the same weights find "thin on my side, thick on the other" at any
    depth. Two such layers see five levels together. What they found is squeezed to 32 numbers and
    put beside the plain columns.

    Parameters
    ----------
    columns : int
        c + 2 L.
    levels : int
        L.

    Examples
    --------
    >>> net = DepthConv(columns=18 + 20, levels=10)
    >>> net(torch.zeros(5, 38)).shape
    torch.Size([5, 50])
    """

    def __init__(self, columns: int, levels: int):
        super().__init__()
        if levels < 3 or columns < 2 * levels:
            raise ValueError(f"columns is {columns} and levels {levels}; there must be at least 3 "
                             f"levels, and two columns for each")
        self.levels, self.plain = levels, columns - 2 * levels
        self.width = self.plain + _CODE
        self.conv = nn.Sequential(
            nn.Conv1d(2, _CHANNELS, 3, padding=1), nn.ReLU(),
            nn.Conv1d(_CHANNELS, _CHANNELS, 3, padding=1), nn.ReLU(), nn.Flatten())
        self.squeeze = nn.Sequential(nn.Linear(_CHANNELS * levels, _CODE), nn.ReLU())

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """From (N, c + 2 L) to (N, c + 32)."""
        book = seen[:, self.plain:].reshape(-1, 2, self.levels)
        return torch.cat([seen[:, :self.plain], self.squeeze(self.conv(book))], dim=1)


@dataclass(frozen=True)
class PolicyShape:
    """What a policy's network looks like.

    Attributes
    ----------
    columns : int
        Of an observation.
    outputs : int
        Discrete actions, or numbers of a continuous one.
    kind : str
        Head: "values" (of discrete actions, DQN), "categorical" (PPO), "gaussian" (PPO) or
        "squashed" (the tanh of a Gaussian, SAC).
    net : tuple of int
    activation : str
    levels : int
        Of the book in the last columns, for `DepthConv`; 0 = none.
    common : int
        How many of the columns, the last ones, are the same for all names of an observation of a
        whole day, which holds the others name by name and then these
        (`lobsim.envs.portfolio_names.rows_of`); the network acts for each name. 0 = an observation
        is one row.
    """

    columns: int
    outputs: int
    kind: str
    net: tuple[int, ...]
    activation: str
    levels: int = 0
    common: int = 0

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self) | {"net": list(self.net)}


class Sampled(NamedTuple):
    """What a head says of each action: its centre, and the spread of a continuous one."""

    centre: torch.Tensor
    log_std: torch.Tensor | None


class PolicyNetwork(nn.Module):
    """From observations to what the head says.

    Parameters
    ----------
    shape : PolicyShape

    Examples
    --------
    >>> net = PolicyNetwork(PolicyShape(18, 10, "categorical", (64, 64), "tanh"))
    >>> net(torch.zeros(3, 18)).centre.shape
    torch.Size([3, 10])
    """

    def __init__(self, shape: PolicyShape):
        super().__init__()
        self.shape = shape
        self.features = DepthConv(shape.columns, shape.levels) if shape.levels else nn.Identity()
        inputs = self.features.width if shape.levels else shape.columns
        self.body = layers(inputs, tuple(shape.net), shape.activation)
        self.head = nn.Linear(shape.net[-1], shape.outputs)
        if shape.kind == "gaussian":
            self.log_std = nn.Parameter(torch.zeros(shape.outputs))
        elif shape.kind == "squashed":
            self.spread = nn.Linear(shape.net[-1], shape.outputs)
        elif shape.kind not in ("values", "categorical"):
            raise ValueError(f"kind is {shape.kind!r}; it must be values, categorical, gaussian "
                             f"or squashed")

    def forward(self, seen: torch.Tensor) -> Sampled:
        """Logits, values or means, and the logarithm of the standard deviation."""
        hidden = self.body(self.features(seen))
        centre = self.head(hidden)
        if self.shape.kind == "gaussian":
            return Sampled(centre, self.log_std.expand_as(centre))
        if self.shape.kind == "squashed":
            return Sampled(centre, self.spread(hidden).clamp(*LOG_STD_RANGE))
        return Sampled(centre, None)


def network_of(shape: PolicyShape, weights: Mapping[str, torch.Tensor]) -> PolicyNetwork:
    """A policy's network with these weights, copied.

    The random numbers of torch are left alone: to make a network draws weights that are replaced
    at once, and a training must not depend on how often it is looked at.
    """
    with torch.random.fork_rng(devices=[]):
        network = PolicyNetwork(shape)
    network.load_state_dict({name: value.detach().clone() for name, value in weights.items()})
    return network
