"""Exercises 1 and 2 of lesson 03: the next event of a book, the odds of the next move."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

# --------------------------------------------------------------------------- 1 next_event


def _step(rates, bid, ask, wait, v):
    event = int(np.searchsorted(np.cumsum(rates), v * sum(rates), side="right"))
    return float(wait), bid + (1, 0, -1, 0)[event], ask + (0, 1, 0, -1)[event]


def _rates(bid, ask, limit, market, cancel):
    return [limit, limit, market + bid * cancel, market + ask * cancel]


def reference_event(bid, ask, limit, market, cancel, u, v):
    rates = _rates(bid, ask, limit, market, cancel)
    return _step(rates, bid, ask, -np.log(1 - u) / sum(rates), v)


def _log_of_u(bid, ask, limit, market, cancel, u, v):
    rates = _rates(bid, ask, limit, market, cancel)
    return _step(rates, bid, ask, -np.log(u) / sum(rates), v)


def _theta_once(bid, ask, limit, market, cancel, u, v):
    rates = _rates(1, 1, limit, market, cancel)
    return _step(rates, bid, ask, -np.log(1 - u) / sum(rates), v)


def _own_rate(bid, ask, limit, market, cancel, u, v):
    rates = _rates(bid, ask, limit, market, cancel)
    event = int(np.searchsorted(np.cumsum(rates), v * sum(rates), side="right"))
    return _step(rates, bid, ask, -np.log(1 - u) / rates[event], v)


def _equally_likely(bid, ask, limit, market, cancel, u, v):
    wait = -np.log(1 - u) / sum(_rates(bid, ask, limit, market, cancel))
    return _step([1, 1, 1, 1], bid, ask, wait, v)


def _times_rate(bid, ask, limit, market, cancel, u, v):
    rates = _rates(bid, ask, limit, market, cancel)
    return _step(rates, bid, ask, -np.log(1 - u) * sum(rates), v)


def _undivided(bid, ask, limit, market, cancel, u, v):
    return _step(_rates(bid, ask, limit, market, cancel), bid, ask, -np.log(1 - u), v)


def _uniforms_swapped(bid, ask, limit, market, cancel, u, v):
    return reference_event(bid, ask, limit, market, cancel, v, u)


def _bid_first(bid, ask, limit, market, cancel, u, v):
    """The events in the order bid joins, bid leaves, ask joins, ask leaves."""
    join, _, leave_bid, leave_ask = rates = _rates(bid, ask, limit, market, cancel)
    sums = np.cumsum([join, leave_bid, join, leave_ask])
    event = int(np.searchsorted(sums, v * sum(rates), side="right"))
    wait = float(-np.log(1 - u) / sum(rates))
    return wait, bid + (1, -1, 0, 0)[event], ask + (0, 0, 1, -1)[event]


BY_HAND = {"bid": 3, "ask": 1, "limit": 2.0, "market": 1.0, "cancel": 0.5, "u": 0.5, "v": 0.6}


def random_events(rng):
    cases = []
    for limit, v in ((0.05, 0.23), (0.05, 0.45), (30.0, 0.3), (30.0, 0.6)):
        bid, ask = (int(n) for n in rng.integers(2, 12, 2))
        market, cancel, u = (round(float(x), 3) for x in rng.uniform(0.1, 0.9, 3))
        cases.append(Case({"bid": bid, "ask": ask, "limit": limit, "market": market,
                           "cancel": cancel, "u": u, "v": v}))
    return cases


NEXT_EVENT = Check(
    name="next_event",
    title="The next event of a book",
    kind="function",
    reference=reference_event,
    accept=[_log_of_u],
    tolerance=Tolerance(rtol=1e-9, atol=1e-12, why="plain arithmetic"),
    reread='"Clocks without memory": the table of rates worked by hand',
    parts=[
        Part("the event worked by hand", 1.0, [
            Case(BY_HAND, "4.8 lies between 4 and 6.5"),
            Case({**BY_HAND, "v": 0.9, "u": 0.3}, "an offer leaves, and the ask is empty"),
            Case({**BY_HAND, "v": 0.78}, "6.24 lies between 4 and 6.5 as well"),
        ], True, category="worked example"),
        Part("other books", 2.0, random_events, False, category="other numbers", partial=True),
        Part("a market without limit orders or cancellations", 1.0, [
            # v r is 2.5, the second running sum: it does not exceed v r, so the next event comes
            Case({**BY_HAND, "limit": 0.0, "v": 0.625, "u": 0.9}),
            Case({**BY_HAND, "cancel": 0.0, "market": 2.5, "v": 0.45, "u": 0.2}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("theta_once", _theta_once,
                "you count the cancellation rate once; each resting order has a clock of its own, "
                "so a queue of n is cancelled at n times the rate"),
        Mistake("own_rate", _own_rate,
                "your wait has the rate of the event that came; the first of all clocks rings at "
                "the sum of the rates"),
        Mistake("equally_likely", _equally_likely,
                "you draw the four events with equal odds; an event has the odds of its rate"),
        Mistake("times_rate", _times_rate,
                "you multiply the wait by the rate; a higher rate means a shorter wait"),
        Mistake("undivided", _undivided,
                "your wait does not depend on the rates; divide by their sum"),
        Mistake("uniforms_swapped", _uniforms_swapped,
                "u and v are swapped: u makes the wait, v chooses the event"),
        Mistake("bid_first", _bid_first,
                "your events stand in another order than in the table: both joins come first, then "
                "one leaves the bid, then one leaves the ask"),
    ],
)

# --------------------------------------------------------------------------- 2 odds_up


def _odds(longest, limit, market, cancel, *, orders=lambda n: n, win=1.0, lose=0.0, kept=False):
    n = longest
    equations, right = np.eye(n * n), np.zeros(n * n)
    for b in range(1, n + 1):
        for a in range(1, n + 1):
            row = (b - 1) * n + a - 1
            moves = [(b + 1, a, limit * (b < n)), (b, a + 1, limit * (a < n)),
                     (b - 1, a, market + orders(b) * cancel),
                     (b, a - 1, market + orders(a) * cancel)]
            total = sum(rate for _, _, rate in moves) + kept * limit * ((b == n) + (a == n))
            for to_b, to_a, rate in moves:
                if to_b == 0 or to_a == 0:
                    right[row] += (win if to_a == 0 else lose) * rate / total
                elif rate > 0:
                    equations[row, (to_b - 1) * n + to_a - 1] -= rate / total
    return np.linalg.solve(equations, right).reshape(n, n)


def reference_odds(longest, limit, market, cancel):
    return _odds(longest, limit, market, cancel)


def _theta_once_odds(longest, limit, market, cancel):
    return _odds(longest, limit, market, cancel, orders=lambda n: 1)


def _tagged(longest, limit, market, cancel):
    return _odds(longest, limit, market, cancel, orders=lambda n: n - 1)


def _turned(longest, limit, market, cancel):
    return _odds(longest, limit, market, cancel, win=0.0, lose=1.0)


def _kept_rate(longest, limit, market, cancel):
    return _odds(longest, limit, market, cancel, kept=True)


def _no_market(longest, limit, market, cancel):
    return _odds(longest, limit, 0.0 if cancel > 0 else market, cancel)


def _no_arrivals(longest, limit, market, cancel):
    return _odds(longest, 0.0, market, cancel)


HAND = {"longest": 2, "limit": 1.0, "market": 1.0, "cancel": 0.0}


def random_rates(rng):
    limit, market, cancel = (round(float(x), 2) for x in rng.uniform(0.3, 2.0, 3))
    return [Case({"longest": 6, "limit": limit, "market": market, "cancel": cancel}),
            Case({"longest": 9, "limit": cancel, "market": limit, "cancel": market})]


ODDS_UP = Check(
    name="odds_up",
    title="Who is empty first",
    kind="function",
    reference=reference_odds,
    tolerance=Tolerance(rtol=0, atol=1e-6, why="a linear system is solved to many more digits; "
                        "repeating equation 2 until nothing changes reaches this too"),
    reread='"The odds of the next move": the four numbers worked by hand',
    parts=[
        Part("two orders at most, by hand", 1.0, [Case(HAND, "1/2, 1/3, 2/3, 1/2")], True,
             category="worked example"),
        Part("cancellations", 2.0, [
            Case({"longest": 3, "limit": 1.0, "market": 0.5, "cancel": 1.0}, "three at most"),
        ], True, category="worked example"),
        Part("other rates", 2.0, random_rates, False, category="other numbers", partial=True),
        Part("one order, and nobody joins", 1.0, [
            Case({"longest": 1, "limit": 1.0, "market": 1.0, "cancel": 2.0}),
            Case({"longest": 4, "limit": 0.0, "market": 0.7, "cancel": 0.3}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("theta_once", _theta_once_odds,
                "you count the cancellation rate once; a queue of n loses orders at mu + n theta"),
        Mistake("tagged", _tagged,
                "your queue of n is cancelled at (n - 1) theta; that is the rate ahead of an order "
                "that is never cancelled, and here every order may leave"),
        Mistake("turned", _turned,
                "this is the probability of a fall (or rows and columns are swapped); rows are the "
                "bid, and the price rises when the ask is empty first"),
        Mistake("kept_rate", _kept_rate,
                "where a queue is full its joins are gone from the numerator and still in the "
                "denominator; drop them from both, or the odds leak away"),
        Mistake("no_market", _no_market, "market orders are missing from the rates of leaving"),
        Mistake("no_arrivals", _no_arrivals, "limit orders that join the queues are missing"),
    ],
)

CHECKS = [NEXT_EVENT, ODDS_UP]
