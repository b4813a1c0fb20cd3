"""Floor 0, the matching engine: price-time priority on integer arrays, compiled by Numba.

`OrderBook` is for single calls with prices in currency, `process` for arrays of messages.
The arrays are described in `lobsim.engine.state`, the records in `lobsim.engine.records`, the
rounding rule in `lobsim.engine.units`, reject codes and self-trade policies in
`lobsim.engine.codes`, and the slot-level functions for kernels of higher floors in
`lobsim.engine.kernel`.
"""

from .batch import Watched, process, watch
from .book import Depth, Fill, Order, OrderBook, Result, as_side
from .codes import Kind, Reject, SelfTrade, Side, explain_reject
from .jit import register_warm_up, warm_up
from .records import FILL, KEEP_ID, MESSAGE, OUTCOME, empty_messages
from .state import BookState, copy_state, new_state
from .warm import warm_engine

__all__ = [
    "FILL",
    "KEEP_ID",
    "MESSAGE",
    "OUTCOME",
    "BookState",
    "Depth",
    "Fill",
    "Kind",
    "Order",
    "OrderBook",
    "Reject",
    "Result",
    "SelfTrade",
    "Side",
    "Watched",
    "as_side",
    "copy_state",
    "empty_messages",
    "explain_reject",
    "new_state",
    "process",
    "register_warm_up",
    "warm_up",
    "watch",
]

register_warm_up("engine", warm_engine)
