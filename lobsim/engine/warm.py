"""One tiny run through every kernel that Python calls, so that all are compiled or loaded."""

from .batch import process, watch
from .book import OrderBook
from .records import empty_messages


def warm_engine() -> None:
    """Call each Python-facing kernel of the engine once."""
    book = OrderBook(price_min=0.01, price_max=0.99)
    bid = book.limit("buy", 0.50, 2).order_id
    book.limit("sell", 0.50, 1)
    book.depth(1)
    book.orders("buy")
    book.queue_position(bid)
    book.check_invariants()
    process(book, empty_messages(1))
    watch(book, empty_messages(1))
