"""How likely Poisson, Hawkes and queue-reactive flow find a day's tokens of time and event.

A point process foretells when the next message comes and of which type it is, which are the tokens
TIME and EVENT: the chance of a bucket of time is the difference of two survival probabilities, and
the chance of a type its share of the intensity at the time of the message. So they can be put
beside a language model token by token. They say nothing of levels, places and sizes; for these
tokens they borrow the Markov table's chances.

What a process leaves open is learned from the same days, in their favour: the share of gaps that
are 0 (no process of this kind has any), and the share of each event (a whole or a partial
cancellation, say) within its type.
"""

from typing import NamedTuple

import numpy as np

from lobsim.market.calibrate import event_log
from lobsim.market.calibrate.hawkes import HawkesFit, fit_hawkes
from lobsim.market.calibrate.queue_reactive import queue_tables
from lobsim.orderflow_ai.tokens import Encoded
from lobsim.orderflow_ai.tokens_layout import EVENT, FIELDS, GAP_EDGES_NS, GAPS, KINDS, TIME

EVENTS = int(FIELDS[EVENT + 1] - FIELDS[EVENT])
TYPE_OF = np.array([{"CANCEL": 1, "REDUCE": 1, "MARKET": 2, "IOC": 2, "FOK": 2}.get(kind, 0)
                    for kind in KINDS])
"""limit, cancel or market order; side by side with the token's side they are the six types of
`lobsim.market.calibrate.EVENT_NAMES`."""
NS = 1e-9
QUEUES = 3
_ADDED = 0.1


class Day(NamedTuple):
    """When messages came and what they were: gaps (s), their buckets, event tokens, six types."""

    gaps_s: np.ndarray
    buckets: np.ndarray
    events: np.ndarray
    types: np.ndarray


def day_of(encoded: Encoded) -> Day:
    """Times and events of an encoded day."""
    starts = encoded.starts[:-1]
    events = encoded.tokens[starts + 1] - int(FIELDS[EVENT])
    times = encoded.messages["time_ns"]
    gaps = np.diff(times, prepend=encoded.start_ns) * NS
    return Day(gaps, encoded.tokens[starts].astype(int), events.astype(int),
               2 * TYPE_OF[events // 2] + events % 2)


def taped_day(encoded: Encoded, taped: np.ndarray) -> Day:
    """Times and events of some messages alone, as if the others were not there."""
    day = day_of(encoded)
    times = encoded.messages["time_ns"][taped]
    gaps_ns = np.diff(times, prepend=encoded.start_ns)
    buckets = np.searchsorted(GAP_EDGES_NS, gaps_ns, side="right") - 1
    return Day(gaps_ns * NS, buckets, day.events[taped], day.types[taped])


def six_times(day: Day) -> tuple[np.ndarray, np.ndarray, float]:
    """Times (s since the start), types, and the length of a day, as `fit_hawkes` takes them."""
    times = np.cumsum(day.gaps_s)
    return times, day.types, float(times[-1])


class Shares(NamedTuple):
    """Learned from the days: how often a gap is 0, and the share of an event within its type."""

    none: float
    event: np.ndarray


def shares_of(days: list[Day]) -> Shares:
    """Count the shares."""
    buckets = np.concatenate([day.buckets for day in days])
    counts = _ADDED + sum(np.bincount(day.events, minlength=EVENTS) for day in days)
    tokens = np.arange(EVENTS)
    types = 2 * TYPE_OF[tokens // 2] + tokens % 2
    total = np.bincount(types, counts, minlength=6)
    return Shares(((buckets == 0).sum() + _ADDED) / (len(buckets) + 2 * _ADDED),
                  counts / total[types])


def bucket_edges(buckets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper edge of each bucket of time, s."""
    edges = np.append(GAP_EDGES_NS, np.iinfo(np.int64).max).astype(float) * NS
    if buckets.max(initial=0) >= GAPS:
        raise ValueError(f"there is no bucket {buckets.max()}; the last is {GAPS - 1}")
    return edges[buckets], edges[buckets + 1]


def losses_of(day: Day, chance: np.ndarray, share: np.ndarray, shares: Shares) -> np.ndarray:
    """Minus log probabilities (nats) of TIME and EVENT of each message, shape (n, 2).

    Parameters
    ----------
    day : Day
    chance : ndarray, shape (n,)
        Of the bucket, as the process has it.
    share : ndarray, shape (n,)
        Of the type at the time of the message.
    shares : Shares
    """
    no_gap = day.buckets == 0
    time = np.where(no_gap, shares.none, (1 - shares.none) * np.maximum(chance, 1e-300))
    return -np.log(np.column_stack([time, share * shares.event[day.events]]))


def constant_losses(day: Day, rates: np.ndarray, shares: Shares) -> np.ndarray:
    """Losses under rates (1/s) that hold from one message to the next, shape (6,) or (n, 6)."""
    rates = np.broadcast_to(rates, (len(day.types), 6))
    total = rates.sum(axis=1)
    low, high = bucket_edges(day.buckets)
    return losses_of(day, np.exp(-total * low) - np.exp(-total * high),
                     rates[np.arange(len(day.types)), day.types] / total, shares)


def poisson_rates(days: list[Day]) -> np.ndarray:
    """Events per second of each type."""
    seconds = sum(day.gaps_s.sum() for day in days)
    return (_ADDED + sum(np.bincount(day.types, minlength=6) for day in days)) / seconds


def fitted_hawkes(day: Day, exponentials: int = 2) -> HawkesFit:
    """A Hawkes process of the six types, by maximum likelihood."""
    times, types, length = six_times(day)
    return fit_hawkes(times, types, duration_s=length, n_types=6, n_exponentials=exponentials)


def hawkes_losses(day: Day, fit: HawkesFit, shares: Shares) -> np.ndarray:
    """Losses under a Hawkes process that has seen the day up to each message."""
    low, high = bucket_edges(day.buckets)
    survivals, share = np.zeros((2, len(day.types))), np.zeros(len(day.types))
    memory = np.zeros((len(fit.beta), 6))  # sums over past events of each type
    base = fit.mu.sum()
    for k, (gap, kind) in enumerate(zip(day.gaps_s, day.types, strict=True)):
        excited = np.einsum("pij,pj->pi", fit.alpha, memory)
        total = excited.sum(axis=1)
        for row, edge in ((0, low[k]), (1, high[k])):
            grown = (total * -np.expm1(-fit.beta * edge) / fit.beta).sum()
            survivals[row, k] = np.exp(-base * edge - grown)
        decay = np.exp(-fit.beta * gap)
        rates = fit.mu + decay @ excited
        share[k] = rates[kind] / rates.sum()
        memory *= decay[:, None]
        memory[:, kind] += 1.0
    return losses_of(day, survivals[0] - survivals[1], share, shares)


class QueueRates(NamedTuple):
    """Rates of the queue-reactive model by length of queue, and of all that it leaves out."""

    unit: float
    limit: np.ndarray  # (K, n + 1)
    cancel: np.ndarray
    market: np.ndarray  # (n + 1,)
    beyond: np.ndarray  # (6,): events beyond the K queues, 1/s


def fitted_queues(encoded: Encoded) -> QueueRates:
    """Rates of a day; events beyond the queues come at constant rates."""
    log = event_log(encoded.messages, encoded.initial, queues=QUEUES)
    tables = queue_tables(log)
    day = day_of(encoded)
    told = np.repeat([tables.limit.sum(), tables.cancel.sum(), tables.best_market.sum()], 2) / 2
    beyond = np.maximum(np.bincount(day.types, minlength=6) - told, 1.0) / log.duration_s
    return QueueRates(tables.unit, *tables.rates(), beyond)


def queue_losses(encoded: Encoded, fit: QueueRates, shares: Shares) -> np.ndarray:
    """Losses under rates that depend on the lengths of the queues before each message."""
    day = day_of(encoded)
    log = event_log(encoded.messages, encoded.initial, queues=QUEUES)
    tables = queue_tables(log, fit.limit.shape[1] - 1, fit.unit)
    n = len(day.types)
    rates = np.tile(fit.beyond, (n, 1))
    for side in range(2):
        for queue in range(QUEUES):
            length = tables.lengths[:n, side, queue]
            rates[:, side] += fit.limit[queue, length]
            rates[:, 2 + side] += fit.cancel[queue, length]
        rates[:, 4 + side] += fit.market[tables.best_lengths[:n, 1 - side]]
    return constant_losses(day, rates, shares)


def with_table(losses: np.ndarray, table: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """Losses of all targets of a day: those of times and events from a process, else a table's.

    Parameters
    ----------
    losses : ndarray, shape (n, 2)
        Of TIME and EVENT of each message.
    table : ndarray
        The table's loss of each target (`TableModel.loss`).
    fields : ndarray
        Field of each target (`Stream.fields`).
    """
    mixed = table.copy()
    mixed[fields == TIME] = losses[1:, 0]  # the first token of a day is nobody's target
    mixed[fields == EVENT] = losses[:, 1]
    return mixed
