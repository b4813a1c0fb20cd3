"""Exercises 6 and 7 of lesson 09: an exact certainty equivalent, and a backtest with two bugs."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance
from lobsim.strategies import QuoteWorld

EXACT = Tolerance(rtol=1e-7, atol=1e-7, why="plain arithmetic: only the order of sums may differ")

# ---------------------------------------------------------------------------------- 6 exact_ce


def reference_exact(bid, ask, intensity, decay, move, step, gamma):
    """By the library's own backward induction."""
    steps, edge = len(bid), len(bid[0]) // 2
    if edge > steps:  # it has no columns that cannot be reached
        bid, ask = (np.asarray(t)[:, edge - steps:edge + steps + 1] for t in (bid, ask))
        edge = steps
    world = QuoteWorld(steps * step, step, move / math.sqrt(step), intensity, decay, edge)
    return world.certainty_equivalent(np.asarray(bid), np.asarray(ask), gamma)


def _exact(bid, ask, intensity, decay, move, step, gamma, held="after", cap=True, both=True,
           closed=True, result="ce", start=None, still=False, turned=False, forward=False,
           paid=-1.0, per_step=True, scaled=False):
    bid, ask = np.asarray(bid, dtype=float), np.asarray(ask, dtype=float)
    edge = bid.shape[1] // 2
    q = np.arange(-edge, edge + 1)
    worth = np.ones(len(q))
    for n in range(len(bid)) if forward else reversed(range(len(bid))):
        chances, gains = [], []
        for side in (bid[n], ask[n]):
            shown = np.where(np.isinf(side), 0.0, side)
            chance = intensity * (step if per_step else 1.0) * np.exp(-decay * shown)
            chance = np.minimum(chance, 1.0) if cap else chance
            chances.append(np.where(np.isinf(side) & closed, 0.0, chance))
            gains.append(np.exp(paid * gamma * shown))
        shift = move * (math.sqrt(step) if scaled else 1.0)
        moved = worth * (1.0 if still else np.cosh(gamma * q * shift)) if held == "after" else worth
        up = np.append(moved[1:], 1.0)
        down = np.append(1.0, moved[:-1])
        up, down = (down, up) if turned else (up, down)
        (b, a), (gb, ga) = chances, gains
        if both:
            worth = ((1 - b) * (1 - a) * moved + b * (1 - a) * gb * up + a * (1 - b) * ga * down
                     + a * b * gb * ga * moved)
        else:
            worth = (1 - b - a) * moved + b * gb * up + a * ga * down
        if held == "before":
            worth = worth * np.cosh(gamma * q * move)
    if result == "all":
        return -np.log(worth) / gamma
    value = worth[edge if start is None else start]
    if result == "log":
        return -math.log(value)
    return -math.log(value) / gamma if result == "ce" else value


def _judged(**how):
    def wrong(bid, ask, intensity, decay, move, step, gamma):
        return _exact(bid, ask, intensity, decay, move, step, gamma, **how)

    return wrong


def _not_a_number(bid, ask, intensity, decay, move, step, gamma):
    """0 times an infinite distance."""
    return math.nan


def _plus(bid, ask, intensity, decay, move, step, gamma):
    return -reference_exact(bid, ask, intensity, decay, move, step, gamma)


def _mean_profit(bid, ask, intensity, decay, move, step, gamma):
    """The mean in place of the certainty equivalent: gamma next to 0."""
    return reference_exact(bid, ask, intensity, decay, move, step, 1e-7)


def _tables(rng, steps, edge, gamma, hole=False):
    shape = (steps, 2 * edge + 1)
    bid, ask = (rng.uniform(0.2, 1.5, shape).round(2) for _ in range(2))
    if hole:
        bid[0, edge], ask[-1, edge + 1] = np.inf, np.inf
    bid[:, -1], ask[:, 0] = np.inf, np.inf
    return {"bid": bid, "ask": ask, "intensity": 40.0, "decay": 1.2, "move": 0.3, "step": 0.02,
            "gamma": gamma}


def random_worlds(rng):
    return [Case(_tables(rng, steps, edge, gamma), f"{steps} steps, up to {edge} quotes")
            for steps, edge, gamma in ((5, 2, 0.4), (12, 4, 0.1))]


def closed_sides(rng):
    sure = _tables(rng, 4, 2, 0.3, hole=True)
    sure["intensity"] = 90.0  # nearby quotes are filled for certain
    return [Case(_tables(rng, 6, 3, 0.5, hole=True)), Case(sure), Case(_tables(rng, 1, 1, 1.0))]


INF = float("inf")
TWO_STEPS = {"bid": np.array([[1.0, 1.0, INF], [0.5, 1.0, INF]]),
             "ask": np.array([[INF, 1.0, 1.0], [INF, 1.0, 0.5]]), "intensity": 1.0, "decay": 1.0,
             "move": 1.0, "step": 0.5, "gamma": 0.5}

EXACT_CE = Check(
    name="exact_ce",
    title="An exact certainty equivalent",
    reference=reference_exact,
    tolerance=EXACT,
    reread='"Judged without luck": two steps by hand, then equation 11',
    parts=[
        Part("two steps by hand", 1.0, [Case(TWO_STEPS, "the two steps above")],
             category="worked example"),
        Part("tables of your own", 3.0, random_worlds, False, category="other numbers"),
        Part("sides that are not quoted, and sure fills", 1.0, closed_sides, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("before", _judged(held="before"),
                "the mid moves after the fills, so it moves what is held after them"),
        Mistake("uncapped", _judged(cap=False), "a chance is at most 1"),
        Mistake("one_fill", _judged(both=False),
                "bid and ask can both be filled in a step: four cases, not three"),
        Mistake("open", _judged(closed=False), "an infinite distance is no quote: chance 0"),
        Mistake("still", _judged(still=True), "the mid moves: what is held gains or loses `move`"),
        Mistake("turned", _judged(turned=True),
                "a filled bid *adds* a quote: the next column to the right"),
        Mistake("utility", _judged(result="utility"),
                "this is the mean of exp(-gamma profit); take -log of it, divided by gamma"),
        Mistake("first_column", _judged(start=0),
                "you begin without inventory: the middle column"),
        Mistake("plus", _plus, "the sign: a good maker's certainty equivalent is above 0"),
        Mistake("mean_profit", _mean_profit,
                "this is the mean profit; the certainty equivalent lies below it"),
        Mistake("not_a_number", _not_a_number,
                "0 times infinity is NaN: a side that is not quoted has the chance 0, and its "
                "distance may not enter the sum"),
        Mistake("forward", _judged(forward=True),
                "worth is known at the end: go through the rows from the last to the first"),
        Mistake("no_step", _judged(per_step=False), "the chance of a fill is A e^(-k delta) *dt*"),
        Mistake("scaled", _judged(scaled=True),
                "`move` is the step of the mid already: no root of dt once more"),
        Mistake("paid_turned", _judged(paid=1.0),
                "a fill earns its distance: e to the *minus* gamma times it"),
        Mistake("unpaid", _judged(paid=0.0),
                "a fill earns its distance: the factor e^(-gamma delta) is missing"),
        Mistake("log", _judged(result="log"), "divide by gamma at the end"),
        Mistake("all", _judged(result="all"),
                "one number is asked: that of the start without inventory, the middle column"),
        Mistake("outside", None,
                "an inventory beyond the last column does not exist: its chance is 0, so give it "
                "any worth", error="IndexError"),
    ],
)

# -------------------------------------------------------------------------------- 7 fair_score


def reference_score(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma):
    return _score(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma)


def _score(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma, ahead=False, batch=None,
           late=False, end=-1, chance_ahead=None, certain=None, lean_sign=1.0):
    mid = np.asarray(mid, dtype=float)
    paths = len(mid)
    cash, held = np.zeros(paths), np.zeros(paths)
    chance_ahead = ahead if chance_ahead is None else chance_ahead
    for n in range(mid.shape[1] - 1):
        seen = mid[:, n + 1] if ahead else mid[:, n]
        crowd = mid[:, n + 1] if late else mid[:, n]
        bid, ask = (seen + side * half - lean_sign * lean * held for side in (-1, 1))
        buys = u_bid[:, n] < intensity * np.exp(-decay * (crowd - bid)) * step
        sells = u_ask[:, n] < intensity * np.exp(-decay * (ask - crowd)) * step
        cash += sells * ask - buys * bid
        held += 1.0 * buys - sells
    profit = cash + held * mid[:, end]
    if certain is not None:
        return float(profit.mean()), float(certain(profit, gamma))
    size = batch or paths
    certain = [-math.log(np.mean(np.exp(-gamma * profit[k:k + size]))) / gamma
               for k in range(0, paths, size)]
    return float(profit.mean()), float(np.mean(certain))


def _bugged(**how):
    def wrong(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma):
        return _score(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma, **how)

    return wrong


def _last_batch(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma):
    """The certainty equivalent of the last four paths alone."""
    mean = _score(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma)[0]
    at = (len(mid) - 1) // 4 * 4
    return mean, _score(mid[at:], u_bid[at:], u_ask[at:], half, lean, intensity, decay, step,
                        gamma)[1]


def _paths(rng, paths, steps, gamma, lean):
    moves = np.where(rng.random((paths, steps)) < 0.5, 1.0, -1.0) * 0.5
    mid = 100 + np.concatenate([np.zeros((paths, 1)), moves.cumsum(axis=1)], axis=1)
    return {"mid": mid, "u_bid": rng.random((paths, steps)).round(3),
            "u_ask": rng.random((paths, steps)).round(3), "half": 0.6, "lean": lean,
            "intensity": 60.0, "decay": 1.5, "step": 0.02, "gamma": gamma}


def random_backtests(rng):
    return [Case(_paths(rng, 8, 30, 0.2, 0.1), "8 paths"),
            Case(_paths(rng, 12, 20, 0.5, 0.05), "12 paths")]


def odd_counts(rng):
    return [Case(_paths(rng, 7, 12, 0.3, 0.1)), Case(_paths(rng, 1, 9, 0.4, 0.0))]


EIGHT = {"mid": np.array([[100.0, 101.0, 100.0]] * 4 + [[100.0, 99.0, 98.0]] * 4),
         "u_bid": np.array([[0.3, 0.9]] * 2 + [[0.9, 0.3]] * 2 + [[0.3, 0.9]] * 4),
         "u_ask": np.array([[0.9, 0.3]] * 4 + [[0.9, 0.9]] * 4), "half": 1.0, "lean": 0.0,
         "intensity": 2.0, "decay": 1.0, "step": 0.5, "gamma": 0.5}

SCORE = Check(
    name="fair_score",
    title="Find the bug: the agent that beats the optimum",
    reference=reference_score,
    tolerance=EXACT,
    reread='"Find the bug": the eight paths by hand',
    parts=[
        Part("eight paths by hand", 1.0, [Case(EIGHT, "the eight paths above")],
             category="worked example"),
        Part("backtests of your own", 3.0, random_backtests, False, category="other numbers"),
        Part("seven paths, and a single one", 1.0, odd_counts, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("colleague", _bugged(ahead=True, batch=4), "this is still the colleague's score"),
        Mistake("batches", _bugged(batch=4),
                "one of two: the certainty equivalent is still averaged over small batches; take "
                "that of all paths at once"),
        Mistake("foresight", _bugged(ahead=True),
                "one of two: the quotes still lie around a mid that comes after them"),
        Mistake("late_crowd", _bugged(late=True),
                "the crowd of this world looks at the mid of the quote, before it moves"),
        Mistake("all_late", _bugged(ahead=True, late=True),
                "now quote and crowd both look one step ahead; take mid[n] for both"),
        Mistake("end_early", _bugged(end=-2), "what is left is valued at the last mid"),
        Mistake("last_batch", _last_batch,
                "this is the certainty equivalent of some paths; take all of them"),
        Mistake("each_path", _bugged(certain=lambda profit, gamma: profit.mean()),
                "a logarithm of each path, or of the mean profit, gives the mean back: one "
                "logarithm over the mean of exp(-gamma profit)"),
        Mistake("batches_inside", _bugged(
            certain=lambda profit, gamma: -math.log(np.mean(
                [np.mean(np.exp(-gamma * profit[k:k + 4]))
                 for k in range(0, len(profit), 4)])) / gamma),
                "batches are gone from the logarithm, not from the mean: a last batch of fewer "
                "paths weighs too much"),
        Mistake("mean_variance", _bugged(
            certain=lambda profit, gamma: profit.mean() - gamma / 2 * profit.var()),
                "mean less half gamma times variance is only near it: use the exponential"),
        Mistake("sum", _bugged(certain=lambda profit, gamma:
                               -math.log(np.sum(np.exp(-gamma * profit))) / gamma),
                "the logarithm is of the mean over the paths, not of the sum"),
        Mistake("utility", _bugged(certain=lambda profit, gamma: -np.mean(np.exp(-gamma * profit))),
                "this is the mean utility; the certainty equivalent is -log(mean of exp(-gamma "
                "profit)) / gamma"),
        Mistake("lean_turned", _bugged(lean_sign=-1.0),
                "the lean of the colleague was right: with inventory both quotes go down"),
    ],
)

CHECKS = [EXACT_CE, SCORE]
