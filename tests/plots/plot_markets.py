"""Small markets and message streams for the tests of pictures; no named profile is needed."""

import numpy as np

from lobsim.engine import Kind, empty_messages
from lobsim.market import Market
from lobsim.market.parts import Fees, Takers, ZeroIntelligence
from lobsim.market.profile import Profile

START = 36_000.0
SIZES = ((100, 0.6), (300, 0.3), (700, 0.1))


def plain_profile(*parts, max_live=400):
    """A crowd, takers and fees on a grid of cents; more parts as given."""
    crowd = ZeroIntelligence(limit_rate_per_s=1.0, cancel_rate_per_s=0.5, limit_levels=12,
                             limit_sizes=SIZES)
    takers = Takers(market_rate_per_s=1.0, market_sizes=SIZES)
    own = {type(part) for part in parts}
    kept = [part for part in (crowd, takers, Fees()) if type(part) not in own]
    return Profile("plain", "PLAIN", "a small market for tests", 0.01, 50.0, (*kept, *parts),
                   max_live=max_live)


def traded_market(seed=1, *parts, minutes=2, **options):
    """A recorded market in which orders of all kinds were sent, rested, changed and ended."""
    market = Market(plain_profile(*parts), seed, START, START + 600, record=True, **options)
    for k in range(6 * minutes):
        market.advance(START + 10 * (k + 1))
        side = 1 if k % 2 else -1
        best = market.best_bid if side > 0 else market.best_ask
        order_id = market.submit(side, 200, best)
        market.submit(side, 100, round(best - 0.02 * side, 2))
        if k % 3 == 1:
            market.submit(-side, 150, kind="market")
        if k % 4 == 2 and any(own.order_id == order_id for own in market.open_orders):
            market.replace(order_id, round(best - 0.01 * side, 2), 150)
        if k % 5 == 4:
            market.cancel_all()
    return market


def message(kind, order_id, side=1, ticks=0, size=0, owner=0, new_id=-1):
    """One message as a tuple in the order of `stream`."""
    return int(kind), order_id, side, ticks, size, owner, new_id


def stream(rows, first_ns=1_000_000_000):
    """Messages a microsecond apart from tuples of `message`."""
    messages = empty_messages(len(rows))
    names = ("kind", "order_id", "side", "price_ticks", "size", "owner", "new_order_id")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        messages[name] = column
    messages["time_ns"] = first_ns + 1000 * np.arange(len(rows))
    return messages


def random_rows(rng, count):
    """Tuples for `stream`: every kind of message from three owners in a narrow band of prices."""
    rows, next_id = [], 1
    for _ in range(count):
        kind = int(rng.choice((1, 1, 1, 1, 2, 3, 5, 6, 7, 8)))
        owner, side = int(rng.integers(0, 3)), int(rng.choice((-1, 1)))
        ticks, size = int(rng.integers(95, 106)), int(rng.integers(1, 6))
        if kind >= Kind.CANCEL:
            named, new_id = int(rng.integers(1, next_id + 1)), -1
            if kind == Kind.REPLACE and rng.random() < 0.5:
                next_id += 1
                new_id = next_id
            # Half of the owners guess right whose order it is; the others are refused.
            rows.append(message(kind, named, side, ticks, size, owner, new_id))
        else:
            next_id += 1
            rows.append(message(kind, next_id, side, ticks, size, owner))
    return rows
