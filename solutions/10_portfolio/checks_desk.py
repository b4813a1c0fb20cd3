"""Exercises 1, 2 and 6 of lesson 10: clients' limits, a joint plan, and one policy for all."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-7, atol=1e-7, why="plain arithmetic: only the order of sums may differ")
LAST = 3  # decisions over which what must be done is spread

# --------------------------------------------------------------------------------- 1 allowed


def reference_allowed(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net):
    return _allowed(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net)


def _allowed(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net, grown=True,
             own=True, last=LAST, spread=True, forced=True, force_last=False, netted=False,
             turned=False, bound=True, down=np.floor, each=False, joint=False, quantity=True,
             positive=True, one_is_none=True, raised=True, up=np.ceil, started=True, clipped=True,
             both=False):
    wish, left, must, ahead, volume, filled = (
        np.asarray(x, dtype=float) for x in (wish, left, must, ahead, volume, filled))
    cap, price, side = (np.asarray(x, dtype=float) for x in (cap, price, side))
    room = cap * volume - (filled if own else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.floor(room / np.where(cap < 1, 1 - cap, 1.0) if grown else room)
    room = np.maximum(room, 0.0) if clipped else room
    room = np.where(cap < 1, room, np.inf) if one_is_none else room
    lots = np.maximum(wish, 0.0)
    lots = np.minimum(lots, left) if quantity else lots
    need = np.where(ahead < last, up(must / (ahead + 1) if spread else must), 0.0)
    need = need if forced else np.zeros_like(need)
    lots = lots if raised else np.where(ahead < last, 0.0, lots)
    if force_last:
        lots = np.maximum(np.minimum(lots, room), need)
    else:
        lots = np.minimum(np.maximum(lots, need), room)
    if not bound:
        return lots.astype(int)
    money = {s: (price * lots)[side == s].sum() for s in (-1, 1)}
    if netted:
        money = {s: max(money[s] - money[-s], 0.0) for s in (-1, 1)}
    if joint:
        money = dict.fromkeys((-1, 1), money[-1] + money[1])
    sign = -1.0 if turned else 1.0
    net = net if started else 0.0
    rooms = {-1: most_net + sign * net, 1: most_net - sign * net}
    if positive:
        rooms = {s: max(one, 0.0) for s, one in rooms.items()}
    for s in (-1, 1):
        if money[s] > rooms[s]:
            part = rooms[s] / money[s]
            if each:
                most = rooms[s] / max((side == s).sum(), 1)
                lots = np.where(side == s, np.minimum(lots, down(most / price)), lots)
            else:
                lots = np.where((side == s) | both, down(lots * part), lots)
    return lots.astype(int)


def _net_before_cap(cap, volume, filled, **rest):
    free = _allowed(cap=np.ones(len(cap)), volume=volume, filled=filled, **rest)
    return np.minimum(free, _allowed(cap=cap, volume=volume, filled=filled,
                                     **{**rest, "net": 0.0, "most_net": math.inf}))


def _handled(**how):
    def wrong(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net):
        return _allowed(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net,
                        **how)

    return wrong


def _blocks(rng, count, *, most_net=None, capped=True, soon=False, both=False):
    """A list whose answers do not hang on the rounding of a product.

    Without caps one block is at its start, when nothing has traded, and one is nearly all of the
    volume; where deadlines are near, some wish for less than what must be done and some for more.
    With `both` the bound of the net binds sells and buys.
    """
    for _ in range(4000):
        left = rng.integers(50, 900, count)
        must = (left * rng.uniform(0.5, 1.0, count)).astype(int)
        ahead = rng.permutation(np.arange(count) % 6) if soon else rng.integers(LAST, 12, count)
        cap = rng.choice([0.15, 0.2, 0.25, 0.3], count) if capped else np.ones(count)
        volume = rng.integers(400, 6000, count)
        filled = (volume * np.minimum(cap, 0.3) * rng.uniform(0.2, 1.1, count)).astype(int)
        if not capped:
            volume[0] = filled[0] = 0
            filled[1] = volume[1] - 20
        side = np.where(np.arange(count) % 2 == 0, -1, 1)
        price = rng.uniform(10, 200, count).round(2)
        wish = (left * rng.uniform(0.0, 1.6, count)).astype(int)
        wish = (wish * np.where(np.arange(count) % 3, 0.1, 1.0) if soon else wish).astype(int)
        value = price * left
        net = float((value[side < 0].sum() - value[side > 0].sum()).round(2))
        limit = math.inf if most_net is None else float(round(most_net * value.sum(), 2))
        limit = max(limit, abs(net))
        given = {"wish": wish, "left": left, "must": must, "ahead": ahead, "cap": cap,
                 "volume": volume, "filled": filled, "side": side, "price": price, "net": net,
                 "most_net": limit}
        if _is_clear(given, both):
            return given
    raise AssertionError("no list with clear answers was found")


def _is_clear(given, both) -> bool:
    """Whether no answer lies next to a whole number, and limits bind where they should."""
    values = []
    got = reference_allowed(**given)
    free = _allowed(**{**given, "most_net": math.inf})
    with np.errstate(divide="ignore", invalid="ignore"):
        room = (given["cap"] * given["volume"] - given["filled"]) / (1 - given["cap"])
    values.append(room[given["cap"] < 1])
    need = np.ceil(given["must"] / (given["ahead"] + 1))
    soon = (given["ahead"] < LAST) & (need < np.minimum(given["wish"], given["left"]))
    if (given["ahead"] < LAST).any():
        if not ((got > need) & soon).any():
            return False  # nobody wishes for more than must be done, and may have it
        if any((_allowed(**given, last=k) == got).all() for k in (1, LAST - 1, LAST + 1)):
            return False  # a decision sooner or later would make no difference
    for s, limit in ((-1, given["most_net"] + given["net"]), (1, given["most_net"] - given["net"])):
        own = given["side"] == s
        money = (given["price"] * free)[own].sum()
        if money > limit:
            values.append(free[own] * max(limit, 0.0) / money)
    rest = np.concatenate(values) % 1.0 if values else np.array([0.5])
    cut = [(got < free)[given["side"] == s].any() for s in (-1, 1)]
    binds = not math.isfinite(given["most_net"]) or (all(cut) if both else any(cut))
    return bool(((rest > 0.01) & (rest < 0.99) | (rest == 0)).all() and binds)


def quantities_and_caps(rng):
    return [Case(_blocks(rng, 6), "no deadline is near"),
            Case(_blocks(rng, 5, capped=False), "no caps")]


def deadlines(rng):
    return [Case(_blocks(rng, 6, soon=True), "deadlines are near"),
            Case(_blocks(rng, 5, soon=True, capped=False))]


def net_exposure(rng):
    return [Case(_blocks(rng, 8, most_net=0.08, both=True), "a tight bound"),
            Case(_blocks(rng, 7, most_net=0.15, soon=True)),
            Case(_blocks(rng, 6, most_net=0.1, capped=False))]


FOUR = {"wish": np.array([500, 400, 0, 40]), "left": np.array([300, 600, 90, 100]),
        "must": np.array([100, 200, 90, 50]), "ahead": np.array([9, 9, 1, 9]),
        "cap": np.array([1.0, 0.25, 0.5, 0.25]), "volume": np.array([4000, 1000, 2000, 800]),
        "filled": np.array([200, 130, 400, 200]), "side": np.array([-1, -1, 1, 1]),
        "price": np.array([10.0, 20.0, 50.0, 100.0]), "net": 500.0, "most_net": 3000.0}

START = {"wish": np.array([30, 300, 5, 90, 0]), "left": np.array([200, 300, 150, 90, 80]),
         "must": np.array([150, 200, 100, 50, 60]), "ahead": np.array([3, 9, 2, 1, 9]),
         "cap": np.array([1.0, 0.2, 1.0, 0.5, 0.25]), "volume": np.array([0, 1000, 420, 800, 900]),
         "filled": np.array([0, 230, 400, 310, 20]), "side": np.array([1, -1, -1, 1, -1]),
         "price": np.array([10.0, 20.0, 50.0, 100.0, 5.0]), "net": 3000.0, "most_net": math.inf}

ALLOWED = Check(
    name="allowed",
    title="From a wish to what clients allow",
    reference=reference_allowed,
    tolerance=EXACT,
    reread='"Limits, not penalties": the four blocks, one rule after the other',
    parts=[
        Part("four blocks by hand, and five without a bound", 2.0, [
            Case(FOUR, "the four blocks above"),
            Case(START, "no bound on the net; in the first name nothing has traded, the second "
                        "block is beyond its cap")], category="worked example"),
        Part("quantities and caps", 2.0, quantities_and_caps, False, category="other numbers"),
        Part("deadlines", 2.0, deadlines, False, category="other numbers"),
        Part("net exposure", 2.0, net_exposure, False, category="other numbers"),
    ],
    mistakes=[
        Mistake("wish", lambda wish, **rest: np.asarray(wish),
                "this is the wish itself: no limit is kept"),
        Mistake("no_net", _handled(bound=False),
                "the net is not cut: its bound is missing, or never reached; it is in money, price "
                "times lots, with room of B + R for sells and B - R for buys"),
        Mistake("no_start", _handled(started=False),
                "the room of a side depends on where the net is: B + R for sells, B - R for buys"),
        Mistake("both_sides", _handled(both=True),
                "only the orders of the side that wants too much are cut"),
        Mistake("cap_of_one", _handled(one_is_none=False),
                "a cap of 1 is no cap: such a block may take all that it wishes, also when nothing "
                "has traded yet"),
        Mistake("net_before_cap", _net_before_cap,
                "the net comes last: orders that a cap takes away must not use up its room"),
        Mistake("overwritten", _handled(raised=False),
                "near the deadline the wish is raised where it is lower; a larger wish stays"),
        Mistake("need_rounded_down", _handled(up=np.floor),
                "what must be done is rounded up: rounded down, a lot is left at the end"),
        Mistake("below_zero", _handled(clipped=False),
                "where the cap is used up the room is 0: nothing is sent, and never less"),
        Mistake("no_deadline", _handled(forced=False),
                "what must be done by a deadline is missing: raise the wish to it, before the cap"),
        Mistake("no_growth", _handled(grown=False),
                "your own trades add to the volume: so much stays unused; divide by 1 - cap"),
        Mistake("not_own", _handled(own=False),
                "what you have filled already uses up the cap: subtract all of it"),
        Mistake("deadline_over_cap", _handled(force_last=True),
                "the cap goes before completion: raise to what must be done first, then cut"),
        Mistake("all_at_once", _handled(spread=False),
                "what must be done is spread over the decisions that are left: ahead + 1 of them"),
        Mistake("too_late", _handled(last=1),
                "completion begins three decisions before the deadline: where ahead is 0, 1 or 2"),
        Mistake("too_early", _handled(last=LAST + 1),
                "completion begins where ahead is 0, 1 or 2"),
        Mistake("always", _handled(last=10**9),
                "completion is forced in the last three decisions only: where ahead is below 3"),
        Mistake("netted", _handled(netted=True),
                "buys do not make room for sells: if all of one side fill and none of the other, "
                "the net breaks its bound"),
        Mistake("turned", _handled(turned=True),
                "selling lowers what is left to sell, so the net falls: sells have the room down "
                "to -most_net"),
        Mistake("joint", _handled(joint=True),
                "each side has a room of its own: one moves the net down, the other up"),
        Mistake("even_split", _handled(each=True),
                "cut all orders of a side by one factor, not to equal parts of the room"),
        Mistake("rounded", _handled(down=np.rint),
                "round down: to the nearest can be more than is allowed"),
        Mistake("rounded_up", _handled(down=np.ceil), "round down: rounded up is too much"),
        Mistake("over_quantity", _handled(quantity=False),
                "more than what is left of a block may not be traded"),
    ],
)  # fmt: skip

# ------------------------------------------------------------------------------ 2 joint_plan


def reference_plan(quantities, covariance, cost, aversion, periods):
    return _plan(quantities, covariance, cost, aversion, periods)


def _plan(quantities, covariance, cost, aversion, periods, scale=1.0, alone=False, result="held",
          blind=False, correlation=False, costly=True, pushed=True, signed=True, sides=-1.0,
          middle=2.0):
    held, sigma = np.asarray(quantities, dtype=float), np.asarray(covariance, dtype=float)
    effort = np.diag(np.asarray(cost, dtype=float) if costly else np.ones(len(held)))
    held = held if signed else np.abs(held)
    if alone:
        sigma = np.diag(np.diag(sigma))
    if correlation:
        root = np.sqrt(np.diag(sigma))
        sigma = sigma / np.outer(root, root)
    if blind:
        sigma = np.zeros_like(sigma)
    m, inner = len(held), periods - 1
    path = np.zeros((periods + 1, m))
    path[0] = held
    if inner:
        second = middle * np.eye(inner) + sides * (np.eye(inner, k=1) + np.eye(inner, k=-1))
        matrix = np.kron(second, effort) + scale * aversion * np.kron(np.eye(inner), sigma)
        right = np.zeros(inner * m)
        right[:m] = effort @ held if pushed else held
        solved = np.linalg.solve(matrix, right)
        path[1:-1] = solved.reshape(m, inner).T if result == "mixed" else solved.reshape(inner, m)
    if result == "trades":
        return -np.diff(path, axis=0)
    if result in ("inner", "late"):
        return path[1:-1] if result == "inner" else path[1:]
    return path.T if result == "turned" else path


def _planned(**how):
    def wrong(quantities, covariance, cost, aversion, periods):
        return _plan(quantities, covariance, cost, aversion, periods, **how)

    return wrong


def _lists(rng, names, periods):
    loads = rng.uniform(0.2, 1.0, (names, 2))
    sigma = loads @ loads.T + np.diag(rng.uniform(0.2, 0.6, names))
    sides = np.where(np.arange(names) % 2 == 0, 1.0, -1.0)
    return {"quantities": (sides * rng.uniform(50, 400, names)).round(0),
            "covariance": sigma.round(3), "cost": rng.uniform(0.5, 3.0, names).round(2),
            "aversion": round(rng.uniform(0.05, 0.5), 3), "periods": periods}


def other_lists(rng):
    return [Case(_lists(rng, names, periods), f"{names} names, {periods} periods")
            for names, periods in ((2, 4), (3, 6), (5, 8))]


def small_lists(rng):
    one = _lists(rng, 1, 5)
    free = _lists(rng, 3, 4)
    free["covariance"] = np.diag(np.diag(free["covariance"]))
    return [Case(one, "a list of one"), Case(_lists(rng, 3, 1), "all of it in the first step"),
            Case(free, "only variances")]


PAIR = {"quantities": np.array([100.0, -50.0]), "covariance": np.array([[1.0, 0.8], [0.8, 1.0]]),
        "cost": np.array([1.0, 1.0]), "aversion": 1.0, "periods": 2}

THREE = {"quantities": np.array([100.0, -50.0]), "covariance": np.array([[0.4, 0.3], [0.3, 0.9]]),
         "cost": np.array([1.0, 2.0]), "aversion": 0.5, "periods": 3}

JOINT_PLAN = Check(
    name="joint_plan",
    title="A plan for a whole list",
    reference=reference_plan,
    tolerance=Tolerance(rtol=1e-6, atol=1e-6, why="a linear system is solved"),
    reread='"Risk is shared": two names and two periods by hand',
    parts=[
        Part("two names, two periods and three", 2.0, [
            Case(PAIR, "the pair above"),
            Case(THREE, "three periods, costs that differ")], category="worked example"),
        Part("lists of your own", 3.0, other_lists, False, category="other numbers"),
        Part("one name, one period, no correlation", 1.0, small_lists, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("alone", _planned(alone=True),
                "this plans each name by itself: the covariances are missing"),
        Mistake("no_risk", _planned(blind=True), "these are straight lines: risk is missing"),
        Mistake("doubled", _planned(scale=2.0),
                "the factor: cost and risk are both differentiated, so the 2 cancels"),
        Mistake("halved", _planned(scale=0.5),
                "the factor: cost and risk are both differentiated, so the 2 cancels"),
        Mistake("sign", _planned(scale=-1.0),
                "the sign of the risk: aversion makes you trade sooner, not later"),
        Mistake("correlation", _planned(correlation=True),
                "this takes correlations for covariances"),
        Mistake("no_cost", _planned(costly=False),
                "each name has its own cost: H is the diagonal matrix of `cost`"),
        Mistake("no_push", _planned(pushed=False),
                "the start goes to the right-hand side with its cost: H X, not X"),
        Mistake("no_sides", _planned(signed=False),
                "a purchase has a negative quantity, and stays negative until it is done"),
        Mistake("pulled", _planned(sides=1.0),
                "the neighbours in time stand with a minus: 2 x_k - x_(k-1) - x_(k+1)"),
        Mistake("middle", _planned(middle=1.0),
                "x_k stands twice: its trade before and its trade after both cost"),
        Mistake("mixed", _planned(result="mixed"),
                "the unknowns come back in the order of your equations: all names of period 1, "
                "then all of period 2"),
        Mistake("late", _planned(result="late"),
                "the first row is the start: all of it, before anything is traded"),
        Mistake("trades", _planned(result="trades"),
                "these are the trades; what is left is asked, from the start to 0"),
        Mistake("inner", _planned(result="inner"),
                "the first row, all of it, and the last, nothing, belong to the plan"),
        Mistake("turned", _planned(result="turned"),
                "rows are times and columns are names: turn the table"),
    ],
)  # fmt: skip

# ----------------------------------------------------------------------------- 6 act_for_all


def reference_act(seen, names, common, layers):
    return _act(seen, names, common, layers)


def _act(seen, names, common, layers, order="side by side", own=True, squash=False, clip=True,
         idle=True, hidden=np.tanh, turned=False, shared=True, busy="any", biased=True,
         emptied=False):
    seen = np.asarray(seen, dtype=float)
    each, whole = seen[:, :-common], seen[:, -common:]
    if order == "side by side":
        each = each.reshape(len(seen), names, -1)
    else:
        each = each.reshape(len(seen), -1, names).transpose(0, 2, 1)
    at_work = {"any": (each != 0).any(axis=2), "all": (each != 0).all(axis=2),
               "sum": each.sum(axis=2) != 0}[busy]
    shown = np.broadcast_to(whole[:, None], (len(seen), names, common))
    shown = shown if own else np.zeros_like(shown)
    x = np.concatenate([each, shown] if shared else [shown, each], axis=2)
    x = x * at_work[..., None] if emptied else x
    for k, (weights, bias) in enumerate(layers):
        x = x @ np.asarray(weights) + (np.asarray(bias) if biased else 0.0)
        if k < len(layers) - 1:
            x = hidden(x)
    x = np.tanh(x) if squash else np.clip(x, -1, 1) if clip else x
    action = np.where(at_work, x[..., 0], 0.0) if idle else x[..., 0]
    return action.reshape(names, -1) if turned else action


def _acted(**how):
    def wrong(seen, names, common, layers):
        return _act(seen, names, common, layers, **how)

    return wrong


def _first_day(seen, names, common, layers):
    seen = np.asarray(seen, dtype=float)
    return _act(np.repeat(seen[:1], len(seen), axis=0), names, common, layers)


def _views(rng, days, names, own, common, widths, idle=0):
    seen = rng.normal(size=(days, names * own + common)).round(3)
    seen[:, 0] = 0.0  # a name at work may have columns that are 0
    seen[:, 1:own - 1] = (8 * seen[:, 1:own - 1]).round() / 8  # eighths: their sum is exact
    seen[:, own - 1] = -seen[:, 1:own - 1].sum(axis=1)  # or that sum to 0
    for k in range(idle):
        day, name = k % days, (2 * k + 1) % names
        seen[day, name * own:(name + 1) * own] = 0.0
    sizes = (own + common, *widths, 1)
    layers = [(rng.normal(size=(a, b)).round(3) * 1.2 / math.sqrt(a), rng.normal(size=b).round(2))
              for a, b in zip(sizes[:-1], sizes[1:])]
    return {"seen": seen, "names": names, "common": common, "layers": layers}


def other_networks(rng):
    return [Case(_views(rng, 3, 4, 5, 2, (6,)), "three days"),
            Case(_views(rng, 2, 6, 3, 3, (5, 4)), "two hidden layers")]


def idle_names(rng):
    return [Case(_views(rng, 3, 5, 4, 2, (6,), idle=4), "four rows are empty"),
            Case(_views(rng, 1, 1, 3, 1, (4,)), "a list of one"),
            Case(_views(rng, 2, 3, 3, 2, ()), "a linear network")]


TWO = {"seen": np.array([[1.0, 2.0, 0.0, 0.0, -1.0, 1.0, 0.5]]), "names": 3, "common": 1,
       "layers": [(np.array([[0.5], [-0.25], [1.0]]), np.array([0.1]))]}

ACT_FOR_ALL = Check(
    name="act_for_all",
    title="One policy for all names",
    reference=reference_act,
    tolerance=EXACT,
    reread='"One policy for all names": the day of three names by hand',
    parts=[
        Part("three names by hand", 1.0, [Case(TWO, "the day above")], category="worked example"),
        Part("other networks and days", 3.0, other_networks, False, category="other numbers"),
        Part("idle names, a single name, no hidden layer", 1.0, idle_names, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("interleaved", _acted(order="interleaved"),
                "the columns of a name lie side by side: reshape to (N, names, own), not (N, own, "
                "names)"),
        Mistake("no_idle", _acted(idle=False),
                "a name whose own columns are all 0 has no block at work: its action is 0"),
        Mistake("one_way", lambda **given: np.maximum(_act(**given), 0.0),
                "actions go from -1 to 1, not from 0"),
        Mistake("any_zero", _acted(busy="all"),
                "a name is idle when *all* its own columns are 0, not when one of them is"),
        Mistake("sum_zero", _acted(busy="sum"),
                "a name is idle when all its own columns are 0; a sum can be 0 without that"),
        Mistake("no_input", _acted(idle=False, emptied=True),
                "an empty row through the network gives what its biases say: set the action itself "
                "to 0"),
        Mistake("no_bias", _acted(biased=False), "each layer adds its bias"),
        Mistake("no_common", _acted(own=False),
                "every name sees the portfolio's columns, too"),
        Mistake("common_first", _acted(shared=False),
                "a row is the name's own columns, then the portfolio's"),
        Mistake("squashed", _acted(squash=True),
                "the last layer is cut to -1 and 1, not squashed by a tanh"),
        Mistake("unbounded", _acted(clip=False), "cut the actions to -1 and 1"),
        Mistake("linear", _acted(hidden=lambda x: x),
                "between the layers belongs a tanh: without it all layers are one"),
        Mistake("relu", _acted(hidden=lambda x: np.maximum(x, 0)),
                "between the layers belongs a tanh"),
        Mistake("turned", _acted(turned=True), "rows are days and columns are names"),
        Mistake("first_day", _first_day, "each day has its own view: this is the first one's"),
    ],
)  # fmt: skip

CHECKS = [ALLOWED, JOINT_PLAN, ACT_FOR_ALL]
