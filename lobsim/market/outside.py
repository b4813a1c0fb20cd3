"""Background flow from outside the simulator: what `Market(flow=...)` takes, and asks of it.

The flows of `lobsim.market.parts` are kernels of the simulator. A flow from outside, such as a
learned one, says its messages one by one while the market's own event loop runs between them.
"""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import lobsim
from lobsim.market.parts import Fees, FillRule, Halts, Latency, VolumeCurve
from lobsim.market.profile import Profile

__all__ = ["VENUE", "OutsideFlow", "Speaker", "outside_flow", "venue_parts"]

VENUE = (Fees, Latency, Halts, FillRule, VolumeCurve)
"""Parts that a market keeps whose flow comes from outside; all others send orders or guide them."""


class Speaker(Protocol):
    """What says the messages of one market."""

    def join(self, market: Any) -> "Speaker":
        """Take a market that was just opened as the one to speak in; returns itself."""

    def play(self, market: Any, until_ns: int) -> np.ndarray:
        """Run the market to a time; returns what was told about own orders (`REPORT`)."""


class OutsideFlow(Protocol):
    """What `Market(flow=...)` asks of a flow."""

    def open(self, profile: Profile, seed: int, window: tuple[float, float]
             ) -> tuple[Profile, Speaker]:
        """The profile of the venue alone (`VENUE`), with the book at the start, and who speaks."""


def venue_parts(parts) -> tuple:
    """Those of `parts` that are the venue's."""
    return tuple(part for part in parts if isinstance(part, VENUE))


def outside_flow(flow, parts=()) -> OutsideFlow:
    """The flow that is meant by a name, a folder, a model or itself.

    Parameters
    ----------
    flow : str, Path or object
        "learned" (the shipped message model), the folder of a saved one, a model (with
        ``as_flow()``), or an `OutsideFlow`.
    parts : sequence of parts
        What the caller wants to add to the profile; only the venue's have a place.

    Raises
    ------
    ValueError
        When there is no such flow, or a part that would never act.
    """
    for part in parts:
        if not isinstance(part, VENUE):
            raise ValueError(f"{type(part).__name__} cannot be added to a market with a flow of "
                             f"its own; parts of the venue are "
                             f"{', '.join(kind.__name__ for kind in VENUE)}")
    if hasattr(flow, "open") and not isinstance(flow, Path):
        return flow
    if hasattr(flow, "as_flow"):
        return flow.as_flow()
    named = isinstance(flow, str) and flow in lobsim.FLOWS
    if not named and not (isinstance(flow, (str, Path)) and Path(flow).is_dir()):
        raise ValueError(f"flow is {flow!r}; it must be one of {', '.join(lobsim.FLOWS)}, the "
                         f"folder of a saved model, or a model")
    module, name = lobsim.FLOWS[flow if named else "learned"]
    make = getattr(import_module(module), name)
    return make() if named else make(Path(flow))
