"""A market small enough to reason about: a price path, unlimited or stated depth, no queue."""

import numpy as np
import pandas as pd
import pytest


class PathMarket:
    """Own market orders fill at the quotes; resting orders fill when the midpoint reaches them."""

    def __init__(self, mid=lambda t: 100.0, *, spread=0.02, depth=10**9, rate=100.0, start_s=0.0):
        self._path, self._spread, self._depth, self._rate = mid, spread, depth, rate
        self.clock_s, self.position, self.cash = float(start_s), 0, 0.0
        self._start, self._own_volume, self._next = start_s, 0, 1
        self._open, self._fills, self._prints = {}, [], []

    @property
    def mid(self):
        return self._path(self.clock_s)

    @property
    def best_bid(self):
        return self.mid - self._spread / 2

    @property
    def best_ask(self):
        return self.mid + self._spread / 2

    @property
    def volume(self):
        return int(self._rate * (self.clock_s - self._start)) + self._own_volume

    @property
    def trades(self):
        return pd.DataFrame(self._prints, columns=["time_s", "price", "size"])

    @property
    def own_fills(self):
        columns = ["time_s", "side", "price", "size", "fee", "maker", "order_id"]
        return pd.DataFrame(self._fills, columns=columns)

    @property
    def open_orders(self):
        rows = [(k, s, p, q) for k, (s, p, q) in self._open.items()]
        return pd.DataFrame(rows, columns=["order_id", "side", "price", "size"])

    def expected_volume_curve(self, times_s):
        return np.asarray(times_s, dtype=float) ** 2

    def advance(self, until_s):
        assert until_s >= self.clock_s, "time runs forward"
        before, self.clock_s = self.clock_s, float(until_s)
        if until_s > before:
            self._prints.append((until_s, self.mid, int(self._rate * (until_s - before))))
        for number, (side, price, size) in list(self._open.items()):
            if side * (price - self.mid) >= 0:
                del self._open[number]
                self._fill(side, price, size, True, number)

    def submit(self, side, size, price=None, kind=1):
        assert size > 0 and size == int(size)
        number, self._next = self._next, self._next + 1
        touch = self.best_ask if side > 0 else self.best_bid
        if kind == 2 or (kind == 3 and side * (price - touch) >= 0):
            self._fill(side, touch, min(size, self._depth), False, number)
        elif kind in (1, 5):
            self._open[number] = (side, price, size)
        return number

    def cancel(self, order_id):
        self._open.pop(order_id, None)

    def _fill(self, side, price, size, maker, number):
        fee = -0.002 * size if maker else 0.003 * size
        self._fills.append((self.clock_s, side, price, size, fee, maker, number))
        self._prints.append((self.clock_s, price, size))
        self._own_volume += size
        self.position += side * size
        self.cash -= side * price * size + fee


@pytest.fixture
def path_market():
    """The class, so that a test can choose path, spread, depth and volume."""
    return PathMarket
