"""Exercises 1, 2 and 3 of lesson 05: the quotes of Avellaneda-Stoikov and GLFT, and one path."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance
from lobsim.strategies import AvellanedaStoikov

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# --------------------------------------------------------------------------- 1 quotes


def reference_quotes(mid, inventory, time_left, gamma, sigma, k):
    return _quotes(mid, inventory, gamma * sigma**2 * time_left, gamma, k)


def _quotes(mid, inventory, weight, gamma, k, share=0.5, lean=1.0, base=None):
    """Reservation price, bid and ask; `weight` is gamma sigma^2 (T - t)."""
    reservation = mid - lean * inventory * weight
    base = (math.log1p(gamma / k) / gamma if gamma else 1 / k) if base is None else base
    half = share * (weight + 2 * base)
    return reservation, reservation - half, reservation + half


def _turned(mid, inventory, time_left, gamma, sigma, k):
    return _quotes(mid, inventory, gamma * sigma**2 * time_left, gamma, k, lean=-1.0)


def _whole_spread(mid, inventory, time_left, gamma, sigma, k):
    return _quotes(mid, inventory, gamma * sigma**2 * time_left, gamma, k, share=1.0)


def _around_mid(mid, inventory, time_left, gamma, sigma, k):
    right = reference_quotes(mid, inventory, time_left, gamma, sigma, k)
    half = right[2] - right[0]
    return right[0], mid - half, mid + half


def _not_squared(mid, inventory, time_left, gamma, sigma, k):
    return _quotes(mid, inventory, gamma * sigma * time_left, gamma, k)


def _log_alone(mid, inventory, time_left, gamma, sigma, k):
    reservation = reference_quotes(mid, inventory, time_left, gamma, sigma, k)[0]
    half = math.log1p(gamma / k) / gamma if gamma else 1 / k
    return reservation, reservation - half, reservation + half


def _ask_first(mid, inventory, time_left, gamma, sigma, k):
    reservation, bid, ask = reference_quotes(mid, inventory, time_left, gamma, sigma, k)
    return reservation, ask, bid


def _risk_alone(mid, inventory, time_left, gamma, sigma, k):
    return _quotes(mid, inventory, gamma * sigma**2 * time_left, gamma, k, base=0.0)


def _upside_down(mid, inventory, time_left, gamma, sigma, k):
    base = math.log1p(k / gamma) / gamma if gamma else math.inf
    return _quotes(mid, inventory, gamma * sigma**2 * time_left, gamma, k, base=base)


def _by_k(mid, inventory, time_left, gamma, sigma, k):
    return _quotes(mid, inventory, gamma * sigma**2 * time_left, gamma, k,
                   base=math.log1p(gamma / k) / k)


def random_states(rng):
    return [Case({"mid": float(rng.integers(50, 150)), "inventory": int(held),
                  "time_left": round(float(rng.uniform(0.1, 0.9)), 3),
                  "gamma": round(float(rng.uniform(0.05, 0.8)), 3),
                  "sigma": round(float(rng.uniform(0.5, 3)), 2),
                  "k": round(float(rng.uniform(0.5, 3)), 2)}, note)
            for held, note in ((-rng.integers(1, 7), "short"), (rng.integers(1, 7), "long"),
                               (0, "flat"))]


PAPER = {"mid": 100.0, "inventory": 2, "time_left": 1.0, "gamma": 0.1, "sigma": 2.0, "k": 1.5}

QUOTES = Check(
    name="quotes",
    title="Where to quote",
    reference=reference_quotes,
    tolerance=EXACT,
    reread='"The price at which you do not care": long two, then equations 2 and 4',
    parts=[
        Part("long two by hand", 1.0, [Case(PAPER, "the numbers above")],
             category="worked example"),
        Part("states of your own", 3.0, random_states, False, category="other numbers"),
        Part("no aversion to risk, and short with little time left", 1.0, [
            Case(PAPER | {"gamma": 0.0}), Case(PAPER | {"gamma": 0.0, "k": 0.5, "inventory": -3}),
            Case(PAPER | {"inventory": -5, "time_left": 0.01, "sigma": 3.0}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("turned", _turned,
                "long, you want to sell: the reservation price lies below the mid, yours above"),
        Mistake("whole_spread", _whole_spread,
                "the formula gives the whole spread, ask less bid; half of it lies on each side"),
        Mistake("around_mid", _around_mid,
                "your quotes lie around the mid; they lie around the reservation price"),
        Mistake("not_squared", _not_squared, "it is the variance, sigma squared, that counts"),
        Mistake("log_alone", _log_alone,
                "half of gamma sigma^2 (T - t) is missing in the distance from the reservation "
                "price"),
        Mistake("risk_alone", _risk_alone,
                "the term with the logarithm is missing: without it nobody is paid for quoting"),
        Mistake("upside_down", _upside_down,
                "the ratio in the logarithm is gamma / k; yours is k / gamma"),
        Mistake("ask_first", _ask_first, "your bid lies above your ask: the bid comes first"),
        Mistake("by_k", _by_k, "the logarithm is divided by gamma, not by k"),
        Mistake("divided_by_zero", None,
                "without aversion gamma is 0; ln(1 + gamma / k) / gamma then has a limit",
                error="ZeroDivisionError"),
    ],
)

# --------------------------------------------------------------------------- 2 run_path


def reference_path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask)


def _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask, chance=lambda rate: rate,
          shift=0, in_turn=False, move_first=False, lean=True, spread_only=False, cash_only=False,
          dt=None):
    model = AvellanedaStoikov(gamma, sigma, k)
    step = horizon / len(moves)
    held, cash, mid = 0, 0.0, 0.0
    for n, move in enumerate(moves):
        left = horizon - (n + shift) * step
        mid += move if move_first else 0.0
        bid, ask = (float(d) for d in model.depths(held if lean else 0, left))
        bought = u_bid[n] < chance(intensity * math.exp(-k * bid) * (dt or step))
        if in_turn:
            ask = float(model.depths(held + bought, left)[1])
        sold = u_ask[n] < chance(intensity * math.exp(-k * ask) * (dt or step))
        cash += bought * (bid - (0 if spread_only else mid))
        cash += sold * (ask + (0 if spread_only else mid))
        held += int(bought) - int(sold)
        mid += 0.0 if move_first else move
    return cash + (0.0 if spread_only or cash_only else held * mid), held


def _exponential(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask,
                 chance=lambda rate: -math.expm1(-rate))


def _late(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask, shift=1)


def _in_turn(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask, in_turn=True)


def _move_first(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask, move_first=True)


def _never_leans(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask, lean=False)


def _spread_only(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask, spread_only=True)


def _cash_only(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask, cash_only=True)


def _no_dt(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    return _path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask, dt=1.0)


def _a_path(rng, gamma, steps, horizon=1.0, sigma=2.0):
    up = rng.random(steps) < 0.5
    move = sigma * math.sqrt(horizon / steps)
    return {"gamma": gamma, "sigma": sigma, "k": 1.5, "intensity": 140.0, "horizon": horizon,
            "moves": np.where(up, move, -move), "u_bid": rng.random(steps).round(6),
            "u_ask": rng.random(steps).round(6)}


def random_paths(rng):
    return [Case(_a_path(rng, gamma, 200), f"gamma {gamma:g}") for gamma in (0.1, 0.01, 1.0)]


def coarse_paths():
    """Two fixed paths that end with an inventory, so that it matters what it is worth."""
    rng = np.random.default_rng(3)
    return [Case(_a_path(rng, gamma, 20, horizon) | {"intensity": 30.0}, "twenty steps")
            for gamma, horizon in ((0.3, 0.8), (0.1, 1.0))]


TWO_STEPS = {"gamma": 0.1, "sigma": 2.0, "k": 1.5, "intensity": 2.0, "horizon": 1.0,
             "moves": np.array([-1.0, 1.0]), "u_bid": np.array([0.1, 0.3]),
             "u_ask": np.array([0.9, 0.4])}

PATH = Check(
    name="run_path",
    title="One path of the paper's world",
    reference=reference_path,
    tolerance=EXACT,
    reread='"A world to test it in": two steps by hand',
    parts=[
        Part("two steps by hand", 1.0, [Case(TWO_STEPS, "the table above")],
             category="worked example"),
        Part("paths of your own", 3.0, random_paths, False, category="other numbers"),
        Part("long steps, in which both quotes are often hit", 1.0, coarse_paths(), False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("exponential", _exponential,
                "you fill with probability 1 - exp(-lambda dt); the paper's rule is lambda dt, and "
                "at this step they differ by an eighth"),
        Mistake("late", _late,
                "the first quotes are made with all the time left: T - t is T in the first step"),
        Mistake("in_turn", _in_turn,
                "both quotes of a step are made before either is hit: do not lean the ask on a bid "
                "that has just been filled"),
        Mistake("move_first", _move_first,
                "in a step the quotes are hit first, then the mid moves"),
        Mistake("never_leans", _never_leans, "the inventory does not enter your quotes"),
        Mistake("spread_only", _spread_only,
                "you count what the quotes earned and leave out what the price did to the "
                "inventory"),
        Mistake("cash_only", _cash_only,
                "you return cash; what is held at the end is worth the mid"),
        Mistake("no_dt", _no_dt, "a rate is per unit of time: the chance in one step is rate x dt"),
    ],
)

# --------------------------------------------------------------------------- 3 glft_quotes


def reference_glft(inventory, gamma, sigma, intensity, k):
    return _glft(inventory, gamma, sigma, intensity, k)


def _glft(inventory, gamma, sigma, intensity, k, power=1.0, root=math.sqrt, own=0.5, sign=1.0,
          one=1.0):
    base = math.log1p(gamma / k) / gamma if gamma else 1 / k
    factor = (1 + gamma / k) ** (one + k / gamma) if gamma else math.e
    lean = root(sigma**2 * gamma / (2 * k * intensity**power) * factor)
    return (base + (sign * inventory + own) * lean, base - (sign * inventory - own) * lean)


def _two_c(inventory, gamma, sigma, intensity, k):
    return _glft(inventory, gamma, sigma, intensity, k, own=0.0)


def _whole_d(inventory, gamma, sigma, intensity, k):
    return _glft(inventory, gamma, sigma, intensity, k, own=1.0)


def _no_root(inventory, gamma, sigma, intensity, k):
    return _glft(inventory, gamma, sigma, intensity, k, root=float)


def _glft_turned(inventory, gamma, sigma, intensity, k):
    return _glft(inventory, gamma, sigma, intensity, k, sign=-1.0)


def _no_intensity(inventory, gamma, sigma, intensity, k):
    return _glft(inventory, gamma, sigma, intensity, k, power=0.0)


def _short_exponent(inventory, gamma, sigma, intensity, k):
    return _glft(inventory, gamma, sigma, intensity, k, one=0.0)


def _bid_below(inventory, gamma, sigma, intensity, k):
    bid, ask = _glft(inventory, gamma, sigma, intensity, k)
    return -bid, ask


def _as_at_end(inventory, gamma, sigma, intensity, k):
    base = math.log1p(gamma / k) / gamma if gamma else 1 / k
    return base, base


def random_markets(rng):
    return [Case({"inventory": int(held), "gamma": round(float(rng.uniform(0.005, 0.2)), 4),
                  "sigma": round(float(rng.uniform(0.2, 3)), 2),
                  "intensity": round(float(rng.uniform(0.05, 2)), 3),
                  "k": round(float(rng.uniform(0.1, 0.6)), 3)}, note)
            for held, note in ((-rng.integers(1, 6), "short"), (rng.integers(1, 6), "long"))]


# no two of these numbers or their products agree, so that no slip in equation 6 comes out right
ONE_LONG = {"inventory": 1, "gamma": 0.25, "sigma": 0.4, "intensity": 1.5, "k": 0.5}

GLFT = Check(
    name="glft_quotes",
    title="Quotes that do not know the clock",
    reference=reference_glft,
    tolerance=EXACT,
    reread='"Far from the end": long one by hand, then equation 6',
    parts=[
        Part("long one by hand", 1.0, [Case(ONE_LONG, "the numbers above")],
             category="worked example"),
        Part("markets of your own", 2.0, random_markets, False, category="other numbers"),
        Part("no aversion to risk, and a little of it", 1.0, [
            Case(ONE_LONG | {"gamma": 0.0}),
            Case(ONE_LONG | {"gamma": 0.001, "inventory": -2}),
            Case({"inventory": -4, "gamma": 0.0, "sigma": 2.5, "intensity": 0.03, "k": 0.2}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("two_c", _two_c,
                "at no inventory your spread is 2C; each side has half a D more"),
        Mistake("whole_d", _whole_d, "each side has half a D more than C, not a whole one"),
        Mistake("no_root", _no_root, "D is a square root"),
        Mistake("turned", _glft_turned,
                "long, you want to sell: the ask comes nearer and the bid moves away"),
        Mistake("no_intensity", _no_intensity,
                "A is missing: where fills are frequent, inventory is easier to get rid of"),
        Mistake("short_exponent", _short_exponent, "the exponent is 1 + k / gamma"),
        Mistake("bid_below", _bid_below,
                "asked are distances from the mid: the bid's, too, is positive below the mid"),
        Mistake("as_at_end", _as_at_end,
                "these are the quotes of one who does not mind inventory at all"),
        Mistake("divided_by_zero", None,
                "without aversion gamma is 0: C tends to 1 / k, and D to 0",
                error="ZeroDivisionError"),
    ],
)

CHECKS = [QUOTES, PATH, GLFT]
