"""Opening a market: its arrays, the book at the start, and a minute of flow before that."""

import numpy as np

from lobsim.engine.records import FILL, MESSAGE
from lobsim.engine.state import BookState, new_state
from lobsim.market.initial import (WARM_UP_S, expected_queue, fill_book, fill_queues,
                                   fill_recorded, reset_counters)
from lobsim.market.kernel import DONE, run, table_of
from lobsim.market.parts import FillRule, Recorded
from lobsim.market.profile import Profile
from lobsim.market.setup import make_flow
from lobsim.market.state import (BASE_QUEUES, C_HALT, C_NOW, C_TRADER, N_DROPPED, N_ORDER_ID, NS,
                                 REPORT, TOP, W_BASE, W_HIGH, W_LOW, W_RECORD, Flow)
from lobsim.market.venue import KEEP_ALL, Tape, note_top

CHUNK = 1 << 14
"""Rows of the buffers of a recording, which Python empties when they are full."""


def new_tape(profile: Profile, keep: int, own_room: int = 4) -> Tape:
    """Buffers for a market; `own_room` times the fills that one order can cause, for own ones."""
    room = profile.max_live + 2
    chunk = max(CHUNK, 4 * room)
    return Tape(np.zeros(room, FILL), np.zeros(own_room * room, FILL),
                np.zeros(own_room * room, REPORT), np.zeros(chunk if keep else 1, FILL),
                np.zeros(chunk if keep == KEEP_ALL else 1, MESSAGE),
                np.zeros(chunk if keep == KEEP_ALL else 1, TOP))


def open_market(profile: Profile, seed: int, start_ns: int, keep: int,
                common_seed: int | None = None) -> tuple[BookState, Flow, Tape]:
    """Book, flow and buffers of a market at `start_ns`, with what `keep` says switched on.

    Parameters
    ----------
    profile : Profile
    seed : int
    start_ns : int
        Start of the window, ns after midnight.
    keep : int
        0 nothing, ``KEEP_FILLS``, or ``KEEP_ALL``.
    common_seed : int, optional
        Seed of the factor shared by a universe.
    """
    recorded = profile.part(Recorded)
    warm_up_ns = 0 if recorded else WARM_UP_S * NS
    flow = make_flow(profile, seed, start_ns - warm_up_ns, common_seed)
    # A halt that lies before the start must not turn the clock back.
    flow.clock[C_HALT] = max(flow.clock[C_HALT], flow.clock[C_NOW])
    book = new_state(int(flow.whole[W_LOW]), int(flow.whole[W_HIGH]), max_orders=profile.max_live,
                     slots=profile.max_live, ids=_ids(recorded))
    tape = new_tape(profile, keep)
    with np.errstate(over="ignore"):  # hashing wraps around on purpose (uncompiled runs warn)
        if recorded:
            _open_recorded(profile, recorded, book, flow, tape)
        elif flow.whole[W_BASE] == BASE_QUEUES:
            fill_queues(book, flow, tape)
        else:
            fill_book(book, flow, expected_queue(profile))
        if not recorded:
            table = table_of((book, flow, tape))
            while run(table, 0, start_ns) != DONE:
                pass  # nothing is recorded yet, so no buffer can be full
    refused = int(flow.count[N_DROPPED])
    reset_counters(flow)
    flow.count[N_DROPPED] = refused if recorded else 0
    flow.whole[W_RECORD] = keep
    flow.clock[C_TRADER] = start_ns
    note_top(book, flow, tape, start_ns)
    return book, flow, tape


def _ids(recorded: Recorded | None) -> int:
    """Length of the map from ids to slots: only recorded messages name orders by id."""
    if recorded is None:
        return 0
    largest = 0
    for array in (recorded.messages, recorded.initial):
        if len(array):
            largest = max(largest, int(array["order_id"].max()), int(array["new_order_id"].max()))
    return largest


def _open_recorded(profile, recorded, book, flow, tape):
    """Rest the initial orders of a recording; own ids come after all recorded ones."""
    rule = profile.part(FillRule)
    if rule and rule.fill_rule == "no_impact":
        raise ValueError("fill_rule is 'no_impact', which needs ids that grow with arrival; in a "
                         "recorded market it must be 'queue', 'touch' or 'probability'")
    flow.count[N_ORDER_ID] = _ids(recorded)
    if len(recorded.initial):
        initial = np.require(recorded.initial, MESSAGE, ["C", "W", "A"])
        flow.count[N_DROPPED] += fill_recorded(book, flow, tape, initial)
