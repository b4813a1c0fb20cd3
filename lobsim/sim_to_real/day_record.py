"""One parent order at a venue with all that a desk keeps of it: log, looks at the book, tape.

A live day is recorded where it was traded, a simulated one by the same function, so that whatever
is measured on both sides is measured alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.analytics._checks import side_sign
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real.client import Client
from lobsim.sim_to_real.links import embedded
from lobsim.sim_to_real.live_run import run_live
from lobsim.sim_to_real.logs import Recorder, day_table
from lobsim.sim_to_real.venue import VenueDay

__all__ = ["LOOKS", "RESTING", "TAPE", "DayRecord", "play_day"]

LOOKS = ("sent_ns", "venue_ns", "bid", "bid_lots", "ask", "ask_lots", "volume")
"""Columns of `DayRecord.looks`; a price of an empty side is -1."""
RESTING = ("look", "order", "price_ticks", "left", "ahead")
"""Columns of `DayRecord.resting`; `order` numbers the own orders of the day."""
TAPE = ("venue_ns", "price_ticks", "lots", "taker_side")
"""Columns of `DayRecord.tape`."""


@dataclass(frozen=True, eq=False)
class DayRecord:
    """What a desk keeps of a parent order's day; nothing in it is hidden from a trader.

    Attributes
    ----------
    log : DataFrame
        `lobsim.sim_to_real.day_table`.
    looks : ndarray of int64, shape (n, 7)
        Books as published, columns `LOOKS`; prices in ticks, times in nanoseconds.
    resting : ndarray of int64, shape (m, 5)
        Own orders in these books, columns `RESTING`: lots left and lots ahead in the queue.
    tape : ndarray of int64, shape (k, 4)
        All prints, own ones among them, columns `TAPE`.
    side : int
        +1 bought, -1 sold.
    lots, filled : int
        Of the parent order.
    arrival_ticks : float
        Mid at arrival.
    notional : float
        Lots times the mid at arrival, in ticks times lots: 1e4 over it turns money into bps.
    money : float
        Currency of a tick times a lot.
    cost_bps : float
        Shortfall against the mid at arrival, fees included, what is left at the last mid; bps of
        the whole order's value at arrival, > 0 lost.
    """

    log: pd.DataFrame
    looks: np.ndarray
    resting: np.ndarray
    tape: np.ndarray
    side: int
    lots: int
    filled: int
    arrival_ticks: float
    money: float
    cost_bps: float

    @property
    def notional(self) -> float:
        """See above."""
        return self.lots * self.arrival_ticks

    def events(self, event: str) -> pd.DataFrame:
        """Rows of the log of one kind."""
        return self.log[self.log["event"] == event]


class _Ears:
    """A listener that keeps looks and prints as rows of numbers."""

    def __init__(self, client: Client):
        self.looks: list[tuple] = []
        self.resting: list[tuple] = []
        self.tape: list[list[int]] = []
        self._numbers: dict[str, int] = {}
        client.listeners.append(self.take)
        for message in client.history:
            self.take(message)

    def take(self, message: dict) -> None:
        """Hear a numbered message."""
        if message["type"] == "trades":
            self.tape += message["rows"]
        elif message["type"] == "book":
            for order, price, left, ahead, _ in message["own"]:
                number = self._numbers.setdefault(order, len(self._numbers))
                self.resting.append((len(self.looks), number, price, left, ahead))
            bid, ask = ((message[side] or [(-1, 0)])[0] for side in ("bids", "asks"))
            self.looks.append((message["sent_ns"], message["venue_ns"], *bid, *ask,
                               message["volume"]))


def play_day(day: VenueDay, settings: ExecutionSettings, policy: Callable, *,
             side: int | None = None, label: str = "training", episode: int = 0) -> DayRecord:
    """Work a parent order at a venue in this process, in lockstep, and record the day.

    Parameters
    ----------
    day : VenueDay
        The order arrives when it begins; its end must not be before the order's horizon.
    settings : ExecutionSettings
        Of the training environment.
    policy : callable
        As in `lobsim.sim_to_real.run_live`. It must not remember earlier days.
    side : int, optional
        +1 or -1; default: that of the settings.
    label : str
        "live" or "training", for the log.
    episode : int
        Number of the order in the log.

    Returns
    -------
    DayRecord

    Raises
    ------
    ValueError
        When no side is given and the settings leave it to chance.

    Examples
    --------
    >>> settings = ExecutionSettings(quantity=500, horizon_s=60, interval_s=10, side="buy")
    >>> day = VenueDay(seed=1, end_s=36_060)
    >>> record = play_day(day, settings, lambda seen: [5])  # crosses a slice at each decision
    >>> record.filled, len(record.looks)
    (500, 61)
    """
    if side is None and settings.side == "random":
        raise ValueError("the settings leave the side to chance; say side=1 or side=-1")
    side = side_sign(settings.side) if side is None else side
    client, gateway = embedded(day)
    recorder, ears = Recorder(client), _Ears(client)
    live = run_live(client, settings, policy, side=side, start_s=day.start_s)
    client.step(gateway.core.end_ns)
    log = day_table(recorder, live, settings, side=label, episode=episode)
    welcome = client.account.welcome
    return DayRecord(log, _rows(ears.looks, LOOKS), _rows(ears.resting, RESTING),
                     _rows(ears.tape, TAPE), side, live.filled + live.left, live.filled,
                     live.arrival_ticks, welcome["tick_size"] * welcome["lot_size"],
                     live.shortfall_bps)


def _rows(rows, columns) -> np.ndarray:
    return np.array(rows, np.int64).reshape(-1, len(columns))
