"""`lobsim bench engine --calls`: what one call of `OrderBook` costs, and what it is made of.

A call is bounded by Python. Crossing into compiled code and back with a message is one part of
it, listed as ``send_one``, and nearly all of that is Numba's dispatch, as an empty compiled
function with the same two arguments shows. The rest is the interpreter's: checking the values
that a person may give, turning prices into ticks, packing 32 bytes, making a `Result`.
"""

import timeit
from collections.abc import Callable
from dataclasses import asdict, dataclass

from lobsim.engine import OrderBook, warm_up
from lobsim.engine.jit import njit
from lobsim.engine.records import KEEP_ID
from lobsim.engine.single import PACK, UNPACK, send_one

from .machine import describe_machine

__all__ = ["CallFigures", "CallReport", "bench_calls"]

REPEATS = 7


@dataclass
class CallFigures:
    """One call, or one part of a call."""

    what: str
    is_part: bool
    nanoseconds: float  # the least of the repeats, without the loop around it
    per_s: float


@dataclass
class CallReport:
    """Everything that `bench_calls` found."""

    machine: dict
    calls: int
    figures: list[CallFigures]

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)


@njit(borrows=True)
def nothing(wiring, keep):
    """What Numba takes for a call that does nothing, with the arguments of `send_one`."""
    return keep


def _cases(count: int) -> list[tuple[str, bool, Callable[[], object]]]:
    """Name, whether it is a part of a call, and what to time."""
    enough = (REPEATS + 2) * count + 1000
    book = OrderBook(max_order_id=4 * enough)
    resting = iter([book.limit("buy", 10.00, 100).order_id for _ in range(enough)])
    deep = OrderBook()
    deep.limit("sell", 10.01, 2**31 - 1)
    kept = deep.limit("buy", 9.00, 2**31 - 1).order_id
    quiet = OrderBook()
    quiet.cancel(quiet.limit("buy", 10.00, 100).order_id)
    single = quiet._single
    units = quiet._price_grid.units

    return [
        ("limit order that rests, and its cancel", False,
         lambda: quiet.cancel(quiet.limit("buy", 10.00, 100).order_id)),
        ("cancel", False, lambda: book.cancel(next(resting))),
        ("reduce", False, lambda: deep.reduce(kept, 1)),
        ("immediate-or-cancel order with one fill", False, lambda: deep.ioc("buy", 10.01, 1)),
        ("send_one: a message into the kernel and back", True, lambda: send_one(single.wiring, 0)),
        ("of it, an empty compiled function", True, lambda: nothing(single.wiring, 0)),
        ("a price into ticks", True, lambda: units(10.00)),
        ("pack the message", True,
         lambda: PACK(single.message, 0, 0, 1, 1000, 100, 0, 6, 0, KEEP_ID)),
        ("unpack the outcome", True, lambda: UNPACK(single.outcome)),
    ]  # fmt: skip


def bench_calls(count: int = 20_000) -> CallReport:
    """Time single calls of `OrderBook` and their parts.

    Parameters
    ----------
    count : int
        Calls in one measurement, at least 100; each is repeated seven times.

    Raises
    ------
    ValueError
        If `count` is below 100.
    """
    if count < 100:
        raise ValueError(f"the number of calls is {count}; it must be at least 100")
    warm_up()
    figures = []

    def least_ns(function: Callable[[], object]) -> float:
        # Whatever else the machine does only adds to a time this short, so the least is right.
        timeit.timeit(function, number=count)
        return 1e9 * min(timeit.repeat(function, number=count, repeat=REPEATS)) / count

    loop_ns = least_ns(lambda: None)
    for what, is_part, function in _cases(count):
        # The pair of an order and its cancel is two calls.
        calls = 2 if "and its cancel" in what else 1
        spent_ns = max(least_ns(function) - loop_ns, 1.0)
        figures.append(CallFigures(what, is_part, spent_ns, calls * 1e9 / spent_ns))
    return CallReport(describe_machine(), count, figures)
