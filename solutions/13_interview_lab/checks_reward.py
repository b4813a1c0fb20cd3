"""Exercises 1 to 3 of lesson 13: a reward on a whiteboard, inventory in hiding, a hint's end."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-7, atol=1e-7, why="plain arithmetic: only the order of sums may differ")

# ------------------------------------------------------------------------------ 1 step_costs


def reference_steps(side, mid, lots, price, fee, quantity, book, take_fee):
    return _steps(side, mid, lots, price, fee, quantity, book, take_fee)


def _walk(book, left, thin="last"):
    """What `left` lots are worth at the prices of a book; beyond it the last price goes on."""
    price, size = np.asarray(book, dtype=float).T
    taken = np.clip(left - np.concatenate([[0.0], size.cumsum()[:-1]]), 0, size)
    if thin == "best":
        return left * price[0]
    value = (taken * price).sum()
    return value + (left - taken.sum()) * price[-1] * (thin == "last")


def _steps(side, mid, lots, price, fee, quantity, book, take_fee, turned=False, held="after",
           end=True, thin="last", end_fee=True, against="mid", unit="bps", own_step=False,
           leftover_from="mid", mean_fee=True):
    mid, lots, fee = (np.asarray(x, dtype=float) for x in (mid, lots, fee))
    paid = np.nan_to_num(np.asarray(price, dtype=float))
    s = -side if turned else side
    done = lots.cumsum()
    left = quantity - (done if held == "after" else done - lots)
    base = mid[0] if against == "arrival" else mid[:-1]
    cost = s * lots * (paid - base) * (lots > 0) + fee * mean_fee
    if against == "mid" and held != "none":
        cost = cost + s * left * np.diff(mid)
    rest = quantity - done[-1]
    if end and rest > 0:
        start = mid[0] if against == "arrival" else mid[-1]
        last = s * (_walk(book, rest, thin) - rest * start) + take_fee * rest * end_fee
        cost = np.append(cost, last) if own_step else np.append(cost[:-1], cost[-1] + last)
    return cost * (1e4 / (quantity * mid[0]) if unit == "bps" else 1.0)


def _wrong_steps(**how):
    def wrong(side, mid, lots, price, fee, quantity, book, take_fee):
        return _steps(side, mid, lots, price, fee, quantity, book, take_fee, **how)

    return wrong


def _order(rng, side, steps=5, quantity=40, share=0.6, levels=3, thin=False):
    mid = 100 + 0.01 * rng.integers(-4, 5, steps + 1).cumsum()
    lots = rng.multinomial(int(quantity * share), np.ones(steps) / steps)
    lots[rng.integers(steps - 1)] = 0
    price = np.where(lots > 0, mid[:-1] + side * 0.01 * rng.integers(-1, 3, steps), np.nan)
    left = quantity - lots.sum()
    most = max(2, left // (2 * levels) if thin else 2 * left // levels)
    size = rng.integers(max(1, most // 2), most + 1, levels)
    book = np.column_stack([mid[-1] + side * 0.01 * np.arange(1, levels + 1), size])
    return {"side": side, "mid": mid.round(2), "lots": lots, "price": price.round(2),
            "fee": (lots * 0.001 * rng.integers(-2, 4, steps)).round(4), "quantity": quantity,
            "book": book.round(2), "take_fee": 0.003}


def other_orders(rng):
    return [Case(_order(rng, 1), "a purchase"), Case(_order(rng, -1), "a sale")]


def ends(rng):
    whole = _order(rng, -1, share=1.0)
    idle = _order(rng, 1)
    idle |= {"lots": 0 * idle["lots"], "price": np.full(5, np.nan), "fee": np.zeros(5),
             "book": np.array([[idle["mid"][-1] + 0.02, 30.0], [idle["mid"][-1] + 0.05, 40.0]])}
    thin = _order(rng, -1, quantity=90, share=0.4, thin=True)
    return [Case(whole, "all is sold before the end"), Case(idle, "nothing was traded"),
            Case(thin, "the book at the end is thinner than what is left")]


WHITEBOARD = {"side": 1, "mid": np.array([100.0, 100.02, 100.01]), "lots": np.array([3, 2]),
              "price": np.array([100.01, 100.02]), "fee": np.array([0.01, 0.0]), "quantity": 10,
              "book": np.array([[100.02, 3.0], [100.04, 9.0]]), "take_fee": 0.005}

STEP_COSTS = Check(
    name="step_costs",
    title="The reward on a whiteboard",
    reference=reference_steps,
    tolerance=EXACT,
    reread='"Stage 1": the purchase of ten lots by hand',
    parts=[
        Part("the purchase by hand", 1.0, [Case(WHITEBOARD, "the table above")],
             category="worked example"),
        Part("other orders, of both sides", 2.5, other_orders, False, category="other numbers"),
        Part("nothing left, nothing traded, a thin book", 1.5, ends, False, category="edge cases",
             partial=True),
    ],
    mistakes=[
        Mistake("turned", _wrong_steps(turned=True),
                "the side is turned round: +1 buys, and paying more than the mid is a cost"),
        Mistake("no_end", _wrong_steps(end=False),
                "what is left at the end costs nothing here: this agent learns to wait"),
        Mistake("no_inventory", _wrong_steps(held="none"),
                "each trade is judged by its own mid, and nobody pays for what the price did to "
                "the rest: the sum is not the shortfall"),
        Mistake("held_before", _wrong_steps(held="before"),
                "what was traded in the step moves with the mid *and* is paid: its move counts "
                "twice; with the fill against the mid before, only what is left after it moves"),
        Mistake("arrival", _wrong_steps(against="arrival"),
                "the sum is right, but the news comes late: the price of waiting is told only when "
                "something trades"),
        Mistake("best_price", _wrong_steps(thin="best"),
                "the leftover walks the book: the best level holds only what stands there"),
        Mistake("beyond_free", _wrong_steps(thin="free"),
                "what the book does not hold is traded too, at its last price"),
        Mistake("end_without_fee", _wrong_steps(end_fee=False),
                "the leftover is taken from the book and pays the fee of a taker"),
        Mistake("no_fees", _wrong_steps(mean_fee=False), "the fees of the steps are missing"),
        Mistake("money", _wrong_steps(unit="money"),
                "basis points of quantity × first mid are asked, this is money"),
        Mistake("own_step", _wrong_steps(own_step=True),
                "the end belongs to the last step: as many costs as steps"),
    ],
)  # fmt: skip

# ---------------------------------------------------------------------------- 2 honest_costs


def reference_honest(side, filled, price, working, mid, quantity, leftover_price, risk_price):
    return _honest(side, filled, price, working, mid, quantity, leftover_price, risk_price)


def _honest(side, filled, price, working, mid, quantity, leftover_price, risk_price,
            hidden=(), before=False, linear=False, nan=False, added=False):
    mid, filled = np.asarray(mid, dtype=float), np.asarray(filled, dtype=float)
    left = quantity - filled.cumsum() + filled * before
    own = {name: left - working * (name in hidden) + working * added
           for name in ("moved", "risk", "end")}
    paid = np.asarray(price, dtype=float) if nan else np.nan_to_num(price)
    cost = side * filled * (paid - mid[:-1]) + side * own["moved"] * np.diff(mid)
    cost = cost + risk_price * (own["risk"] if linear else own["risk"] ** 2)
    if own["end"][-1] > 0:
        cost[-1] += side * own["end"][-1] * (leftover_price - mid[-1])
    return cost


def _wrong_honest(**how):
    def wrong(side, filled, price, working, mid, quantity, leftover_price, risk_price):
        return _honest(side, filled, price, working, mid, quantity, leftover_price, risk_price,
                       **how)

    return wrong


ALL = ("moved", "risk", "end")


def _log(rng, side, steps=6, quantity=20, share=0.6):
    mid = 100.0 + rng.integers(1, 3, steps + 1).cumsum() * rng.choice([-1, 1])
    filled = rng.multinomial(int(quantity * share), np.ones(steps) / steps)
    filled[rng.integers(steps)] = 0
    left = quantity - filled.cumsum()
    working = np.minimum(rng.integers(1, 6, steps), left)
    price = np.where(filled > 0, mid[:-1] - side * rng.integers(-1, 2, steps), np.nan)
    return {"side": side, "filled": filled, "price": price, "working": working, "mid": mid,
            "quantity": quantity, "leftover_price": mid[-1] + 1.5 * side if left[-1] else np.nan,
            "risk_price": 0.02}


def other_logs(rng):
    return [Case(_log(rng, 1), "a purchase"), Case(_log(rng, -1), "a sale")]


def hidden_logs(rng):
    idle = _log(rng, -1)
    steps = len(idle["filled"])
    idle |= {"filled": np.zeros(steps, int), "price": np.full(steps, np.nan),
             "working": np.full(steps, 20), "leftover_price": idle["mid"][-1] - 3.0}
    return [Case(idle, "everything rests, and nothing is filled"),
            Case(_log(rng, 1, share=1.0), "everything is filled")]


THREE_STEPS = {"side": -1, "filled": np.array([2, 0, 1]), "price": np.array([100.0, np.nan, 97.0]),
               "working": np.array([4, 6, 5]), "mid": np.array([100.0, 98.0, 98.0, 96.0]),
               "quantity": 8, "leftover_price": 95.0, "risk_price": 0.1}

HONEST = Check(
    name="honest_costs",
    title="Find the bug: inventory in hiding",
    reference=reference_honest,
    tolerance=EXACT,
    reread='"Stage 2": three steps by hand',
    parts=[
        Part("three steps by hand", 1.0, [Case(THREE_STEPS, "the table above")],
             category="worked example"),
        Part("other orders, of both sides", 2.0, other_logs, False, category="other numbers"),
        Part("all is hidden, nothing is left", 1.0, hidden_logs, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("colleague", _wrong_honest(hidden=ALL),
                "this is still the colleague's: what rests in an order is not done"),
        Mistake("only_the_end", _wrong_honest(hidden=("moved", "risk")),
                "the end is mended; on the way there an order that rests still moves with the "
                "price and still carries risk"),
        Mistake("only_the_risk", _wrong_honest(hidden=("moved", "end")),
                "the risk is mended; moves and the end still leave out what rests"),
        Mistake("only_the_moves", _wrong_honest(hidden=("risk", "end")),
                "the moves are mended; the risk and the end still leave out what rests"),
        Mistake("not_the_end", _wrong_honest(hidden=("end",)),
                "at the end what rests is cancelled, and is left like the rest"),
        Mistake("not_the_risk", _wrong_honest(hidden=("risk",)),
                "the risk still leaves out what rests: a far order is a way to hide from it"),
        Mistake("held_before", _wrong_honest(before=True),
                "what was filled in the step is paid by its price and does not move any more"),
        Mistake("added", _wrong_honest(added=True),
                "what works is a part of what is left: do not count it twice"),
        Mistake("linear", _wrong_honest(linear=True), "the charge for risk is on the square"),
        Mistake("nan", _wrong_honest(nan=True), "where nothing was filled the price is NaN, and "
                "0 × NaN is NaN"),
    ],
)  # fmt: skip

# ----------------------------------------------------------------------------------- 3 hints


def reference_hints(potential, last, ended, final, discount):
    return _hints(potential, last, ended, final, discount)


def _hints(potential, last, ended, final, discount, terminal="zero", cut="final", gamma=True,
           turned=False, masked=False, own=True, shift=False):
    potential, ended = np.asarray(potential, dtype=float), np.asarray(ended)
    following = np.vstack([potential[1:], np.asarray(last, dtype=float)[None]])
    after = following.copy()
    if terminal == "zero":
        after[ended == 1] = 0.0
    elif terminal == "final":
        after[ended == 1] = np.asarray(final)[ended == 1]
    if cut == "final":
        after[ended == 2] = np.asarray(final)[ended == 2]
    elif cut == "zero":
        after[ended == 2] = 0.0
    hint = (discount if gamma else 1.0) * after - potential * own
    if masked:
        hint = np.where(ended > 0, 0.0, hint)
    return -hint if turned else hint


def _wrong_hints(**how):
    def wrong(potential, last, ended, final, discount):
        return _hints(potential, last, ended, final, discount, **how)

    return wrong


def _buffer(rng, steps, worlds, discount=0.99, chance=0.25, kinds=(1, 2)):
    ended = rng.choice([0, *kinds], (steps, worlds), p=[1 - chance, *[chance / len(kinds)]
                                                        * len(kinds)])
    for kind in kinds:
        ended[rng.integers(steps - 1), rng.integers(worlds)] = kind
    ended[-1, 0] = kinds[-1]
    final = np.where(ended > 0, rng.uniform(0.2, 3, ended.shape).round(2), np.nan)
    return {"potential": rng.uniform(0.2, 3, ended.shape).round(2),
            "last": rng.uniform(0.2, 3, worlds).round(2), "ended": ended, "final": final,
            "discount": discount}


def other_buffers(rng):
    return [Case(_buffer(rng, 6, 2), "6 steps of 2"), Case(_buffer(rng, 8, 4, 0.95), "8 steps of 4")]


def odd_buffers(rng):
    quiet = _buffer(rng, 5, 2, 0.9)
    quiet |= {"ended": np.zeros((5, 2), int), "final": np.full((5, 2), np.nan)}
    return [Case(quiet, "no episode ends"), Case(_buffer(rng, 7, 3, 0.98, kinds=(2,)),
                                                 "all are cut off"),
            Case(_buffer(rng, 7, 3, 1.0, kinds=(1,)), "all come to their end")]


TWO_WORLDS = {"potential": np.array([[2.0, 3.0], [1.0, 2.0], [4.0, 1.0]]),
              "last": np.array([2.0, 5.0]), "ended": np.array([[0, 0], [1, 0], [0, 2]]),
              "final": np.array([[np.nan, np.nan], [0.5, np.nan], [np.nan, 1.5]]),
              "discount": 0.5}

HINTS = Check(
    name="hints",
    title="A hint, and how an episode ends",
    reference=reference_hints,
    tolerance=EXACT,
    reread='"Stage 3": two worlds by hand',
    parts=[
        Part("two worlds by hand", 1.0, [Case(TWO_WORLDS, "the table above")],
             category="worked example"),
        Part("other worlds", 2.5, other_buffers, False, category="other numbers"),
        Part("no end, only ends of one kind", 1.5, odd_buffers, False, category="edge cases",
             partial=True),
    ],
    mistakes=[
        Mistake("next_row", _wrong_hints(terminal="next", cut="next"),
                "after an end the next row belongs to *another* episode: its start pays for the "
                "end of the last one"),
        Mistake("end_kept", _wrong_hints(terminal="final"),
                "where the episode is over nothing comes after, and its potential is 0; else the "
                "hint is a new cost of the leftover"),
        Mistake("cut_is_over", _wrong_hints(cut="zero"),
                "an episode that was cut off goes on in the world: the potential of the state in "
                "which it was left stays"),
        Mistake("cut_next_row", _wrong_hints(cut="next"),
                "where an episode was cut off the next row is another one's start: take the state "
                "in which it was left"),
        Mistake("undiscounted", _wrong_hints(gamma=False),
                "what comes after is discounted, what was before is not; else the hint moves the "
                "optimum"),
        Mistake("turned", _wrong_hints(turned=True),
                "these are costs: after less before"),
        Mistake("masked", _wrong_hints(masked=True),
                "the step in which an episode ends has a hint, too: minus the potential before it"),
        Mistake("not_before", _wrong_hints(own=False),
                "a hint is a *difference*: take off the potential before the step"),
    ],
)  # fmt: skip

CHECKS = [STEP_COSTS, HONEST, HINTS]
