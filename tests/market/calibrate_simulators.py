"""Plain, slow simulators of the models that `calibrate` fits: the truth that it must find again.

Written against the papers and not against the library: numpy and dictionaries only.
"""

import numpy as np

from lobsim.engine import MESSAGE, Kind

NS = 1_000_000_000
START_S = 36_000


class Tape:
    """Messages in the making; every order is one lot."""

    def __init__(self):
        self.rows = []
        self.next_id = 1

    def limit(self, time_s, side, price):
        order = self.next_id
        self.rows.append((time_s, order, price, 1, 0, Kind.LIMIT, side, -1))
        self.next_id += 1
        return order

    def cancel(self, time_s, order):
        self.rows.append((time_s, order, 0, 0, 0, Kind.CANCEL, 0, -1))

    def take(self, time_s, side, price, size=1):
        self.rows.append((time_s, self.next_id, price, size, 0, Kind.IOC, side, -1))
        self.next_id += 1

    def messages(self):
        rows = [(round((START_S + row[0]) * NS), *row[1:]) for row in self.rows]
        self.rows = []
        return np.array(rows, MESSAGE)


def zero_intelligence(limit_rates, cancel_rates, market_rate, duration_s, seed):
    """Cont, Stoikov, Talreja: rates by distance from the opposite best; market rate per side.

    Returns messages and initial.
    """
    rng = np.random.default_rng(seed)
    tape = Tape()
    books = {1: {}, -1: {}}  # side -> price -> orders, oldest first
    levels = len(limit_rates)
    for side in (1, -1):
        for distance in range(1, levels + 1):
            price = 100_000 + (1 - distance if side > 0 else distance)
            expected = limit_rates[distance - 1] / cancel_rates[distance - 1]
            for _ in range(max(1, round(expected))):
                books[side].setdefault(price, []).append(tape.limit(0.0, side, price))
    initial = tape.messages()
    cum_limit = np.cumsum(limit_rates)
    now = 0.0
    while True:
        best = {1: max(books[1]), -1: min(books[-1])}
        cancel = [(side, price, len(orders) * cancel_rates[min(abs(price - best[-side]), levels)
                                                           - 1])
                  for side in (1, -1) for price, orders in books[side].items()]
        total_cancel = sum(rate for *_, rate in cancel)
        total = 2 * cum_limit[-1] + 2 * market_rate + total_cancel
        now += rng.exponential(1 / total)
        if now > duration_s:
            return tape.messages(), initial
        u = rng.random() * total
        side = 1 if rng.random() < 0.5 else -1
        if u < total_cancel:
            for where, price, rate in cancel:
                u -= rate
                if u < 0:
                    break
            orders = books[where][price]
            tape.cancel(now, orders.pop(int(rng.integers(len(orders)))))
            if not orders:
                del books[where][price]
        elif u < total_cancel + 2 * market_rate:
            price = best[-side]
            tape.take(now, side, price)
            books[-side][price].pop(0)
            if not books[-side][price]:
                del books[-side][price]
        else:
            distance = 1 + int(np.searchsorted(cum_limit, rng.random() * cum_limit[-1], "right"))
            price = best[-side] - side * distance
            books[side].setdefault(price, []).append(tape.limit(now, side, price))
        if not books[1] or not books[-1]:
            raise RuntimeError("a side of the planted book ran empty; choose larger rates")


def queue_reactive(limit, cancel, market, duration_s, seed, *, theta=0.0, waits=None):
    """Queues of one-lot orders around a reference price (model III without redrawing the book).

    `limit`, `cancel` of shape (K, n + 1) and `market` (n + 1,); market orders hit the best queue.
    When an event empties the first queue of a side, the reference price follows with probability
    `theta`; the queue that enters the window is then filled to the length n // 2. `waits`, if
    given, replaces the exponential waits (an iterator of seconds). Returns messages and initial.
    """
    rng = np.random.default_rng(seed)
    limit, cancel, market = (np.asarray(x, float) for x in (limit, cancel, market))
    k, longest = limit.shape[0], limit.shape[1] - 1
    tape = Tape()
    books = {1: {}, -1: {}}
    reference = 100_000  # bid queue i rests at reference + 1 - i, ask queue i at reference + i

    def place(side, i):
        return reference + 1 - i if side > 0 else reference + i

    def length(side, i):
        return len(books[side].get(place(side, i), ()))

    def add(time_s, side, price):
        books[side].setdefault(price, []).append(tape.limit(time_s, side, price))

    for side in (1, -1):
        for i in range(1, k + 1):
            for _ in range(longest // 2):
                add(0.0, side, place(side, i))
    initial = tape.messages()
    now = 0.0
    while True:
        choices = []
        for side in (1, -1):
            occupied = [i for i in range(1, k + 1) if length(side, i)]
            for i in range(1, k + 1):
                n = min(length(side, i), longest)
                crossed = place(side, i) in books[-side]
                if not crossed and length(side, i) < longest:
                    choices.append((limit[i - 1, n], "limit", side, i))
                if n:
                    choices.append((cancel[i - 1, n], "cancel", side, i))
                    if i == occupied[0]:
                        choices.append((market[n], "market", side, i))
        rates = np.array([choice[0] for choice in choices])
        now += rng.exponential(1 / rates.sum()) if waits is None else next(waits)
        if now > duration_s:
            return tape.messages(), initial
        _, what, side, i = choices[int(np.searchsorted(rates.cumsum(), rng.random() * rates.sum(),
                                                       "right"))]
        price = place(side, i)
        if what == "limit":
            add(now, side, price)
            continue
        orders = books[side][price]
        if what == "cancel":
            tape.cancel(now, orders.pop(int(rng.integers(len(orders)))))
        else:
            tape.take(now, -side, price)
            orders.pop(0)
        if not orders:
            del books[side][price]
            if i == 1 and rng.random() < theta and length(-side, 1):
                reference -= side
                for _ in range(longest // 2 - length(side, k)):
                    add(now, side, place(side, k))


def meta_order_signs(meta_min_orders, n, seed):
    """Signs of meta-orders with Pareto lengths (exponent 4/3), one after the other."""
    rng = np.random.default_rng(seed)
    signs = []
    while len(signs) < n:
        length = int(min(meta_min_orders * (1 - rng.random()) ** -0.75, 1000))
        signs += [1 if rng.random() < 0.5 else -1] * max(1, length)
    return np.array(signs[:n])
