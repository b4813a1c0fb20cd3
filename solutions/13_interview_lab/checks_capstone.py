"""Lesson 13's capstone: all its exercises, and how a policy and a promise about it are judged."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance, load_checks
from lobsim.envs.seeding import episode_seeds
from lobsim.market.parts import Regimes
from lobsim.market.setup import regime_path

_HERE = Path(__file__).parent
_MARKET: dict = {"__name__": "unseen_market"}
exec(compile((_HERE / "unseen_market.py").read_text(encoding="utf-8"), "unseen_market.py", "exec"),
     _MARKET)
DAYS = 48  # on which a policy is judged
LAST = 59  # number of the last decision
EXACT = Tolerance(rtol=1e-9, atol=1e-6, why="whole shares")
SHARES = {"a quarter of the gain": 0.25, "half of the gain": 0.5, "three quarters of it": 0.75,
          "nine tenths of it": 0.9}
RIVALS = ("TWAP", "VWAP", "Almgren-Chriss")
GOALS = ("finishes", "finishes every day", *RIVALS, "passive TWAP", *SHARES)
PROMISES = ("in order", "agrees", "agrees well", "paired", "sharp", "no point")


@lru_cache(maxsize=256)
def rivals(desk, seed):
    """Cost of the benchmarks and of the reference on the hidden days, a row a day."""
    policies = {**_MARKET["benchmarks"](), "reference": reference_rule}
    return _wide(_played(policies, desk, seed))


def _played(policies, desk, seed):
    profile, shares, _ = _MARKET["draw"](_MARKET["stream"]("market of", desk))
    return _MARKET["traded"](profile, shares, policies, desk, DAYS, seed=seed)


def _wide(found):
    return found.pivot(index="day", columns="policy", values="cost_bps")


@lru_cache(maxsize=256)
def trends(desk, seed):
    """Basis points that a day's trends have moved the price by, a column for each five minutes.

    Up and down are alike, so that they have mean zero, for whoever trades.
    """
    profile, _, _ = _MARKET["draw"](_MARKET["stream"]("market of", desk))
    part = profile.part(Regimes)
    if part is None:
        return np.zeros((DAYS, 4))
    slope = np.array([regime.trend_bps_per_min for regime in part.regimes])
    first = int(_MARKET["START_S"] - _MARKET["OPEN_S"]) // 60
    paths = [regime_path(part, 390, int(s)) for s in episode_seeds(seed, 0, DAYS)]
    return slope[np.array(paths)[:, first:first + 20]].reshape(DAYS, 4, 5).sum(axis=2)


def _gap(a, b, luck=None):
    """Mean of paired differences and its standard error, `luck` (of mean zero) taken out.

    Without that 48 days of trends would praise whoever happened to be late, or early.
    """
    d, lost = np.asarray(a) - np.asarray(b), 1
    if luck is not None and luck.any():
        slope, *_ = np.linalg.lstsq(luck - luck.mean(axis=0), d - d.mean(), rcond=None)
        d, lost = d - luck @ slope, 1 + luck.shape[1]
    return float(d.mean()), float(((d - d.mean())**2).sum() / (len(d) - lost) / len(d)) ** 0.5


# ------------------------------------------------------------------------------------- act


def reference_rule(seen, desk=""):
    """Rest near the schedule, never more than a minute behind it; cross what is late."""
    now, left = seen["decision"].to_numpy(), seen["shares_left"].to_numpy()
    whole = left / np.maximum(seen["left"].to_numpy(), 1e-9)
    done = np.where(left > 0, whole - left, np.inf)
    take = np.clip(whole * np.maximum(now - 3, 0) / (LAST + 1) - done, 0, left)
    take = np.where(now == LAST - 1, np.maximum(take, left / 2), take)
    rest = np.clip(whole * np.minimum(now + 4, LAST + 1) / (LAST + 1) - done - take, 0, left)
    last = now >= LAST
    return np.stack([np.where(last, left, take), np.zeros(len(seen)), np.where(last, 0, rest)],
                    axis=1)


def reference_act(seen=None, desk="", **asked):
    return "right" if asked else reference_rule(seen)


def play_act(ask, kept, desk, seed, goal):
    if "found" not in kept:
        found = _played({"own": lambda seen, name: ask(seen=seen, desk=name)}, desk, seed)
        kept["found"] = found
    own, others = kept["found"], rivals(desk, seed)
    done = own["completion"]
    if goal == "finishes":
        return "right" if done.mean() >= 0.99 else "unfinished"
    if goal == "finishes every day":
        return "right" if done.min() >= 0.9999 else "unfinished"
    if done.min() < 0.9:
        return "unfinished"  # a cost is worth nothing where the order was not sold
    cost = own.set_index("day")["cost_bps"]
    luck = trends(desk, seed)
    gain = _gap(others["TWAP"], others["reference"], luck)[0]
    if goal in RIVALS:
        mean, error = _gap(cost, others[goal], luck)
        good = mean + 2 * error < 0
    elif goal == "passive TWAP":
        mean, error = _gap(cost, others[goal], luck)
        good = mean - 2 * error < 0.05 * gain  # level with it, within what 48 days can tell
    else:
        good = _gap(others["TWAP"], cost, luck)[0] >= SHARES[goal] * gain
    if good:
        return "right"
    return "crosses" if own["maker_share"].mean() < 0.5 else "dearer"


def _rows(now, left, whole, spread=1):
    """Some rows of what a policy sees, quiet in every other column."""
    count = len(left)
    table = _MARKET["view"](np.zeros((count, len(_MARKET["OBSERVED"]))), 1.0)
    return table.assign(decision=float(now), shares_left=np.array(left, dtype=float),
                        time_left=1 - now / (LAST + 1), left=np.array(left) / whole,
                        spread=spread / 5)


def last_decision():
    return [Case({"seen": _rows(LAST, [300, 4100, 100], 20_000), "desk": "public"},
                 "three days, the last decision of each"),
            Case({"seen": _rows(LAST, [0, 2500], 10_000, 3), "desk": "public"},
                 "one has nothing left")]


def own_days(rng, student):
    seed = int(rng.integers(2**31))
    return [Case({"desk": student, "seed": seed, "goal": goal}, play=play_act) for goal in GOALS]


def _said(name):
    def wrong(goal=None, promise=None, **asked):
        if goal is None and promise is None:
            raise KeyError(name)
        return name

    return wrong


def _keeps_resting(seen=None, desk="", **asked):
    if asked:
        raise KeyError("resting")
    orders = reference_rule(seen)
    return np.stack([np.zeros(len(seen)), orders[:, 1], orders[:, 0]], axis=1)


ACT = Check(
    name="act",
    title="Trade the order",
    reference=reference_act,
    tolerance=EXACT,
    reread='"Build and benchmark"',
    parts=[
        Part("the last decision", 2.0, last_decision(), category="worked example"),
        Part("your desk, on days that you have not seen", 10.0, own_days, False,
             category="other days", partial=True, by_student=True),
    ],
    mistakes=[
        Mistake("keeps_resting", _keeps_resting,
                "after the last decision nothing can be crossed any more: take what is left"),
        Mistake("unfinished", _said("unfinished"),
                "on some day the order is not done by noon; take what is left while there is time, "
                "also where the book is thin"),
        Mistake("crosses", _said("crosses"),
                "most of the order crosses the spread; resting orders near the schedule earn it"),
        Mistake("dearer", _said("dearer"),
                "the policy rests, and still pays more than a careful schedule with resting "
                "orders: how far do you run ahead of the schedule, and where do you rest?"),
    ],
)  # fmt: skip

# ----------------------------------------------------------------------------------- claim


def reference_claim(desk=None, seen=None, **asked):
    if asked:
        return "right"
    if seen is not None:
        return reference_rule(seen)
    policies = {"own": reference_rule, "TWAP": _MARKET["benchmarks"]()["TWAP"]}
    wide = _wide(_MARKET["Desk"](desk).trade(policies, days=DAYS, first=1000))
    mean, error = _gap(wide["own"], wide["TWAP"])
    return mean, mean - 2 * error, mean + 2 * error


def play_claim(ask, kept, desk, seed, promise):
    if "told" not in kept:
        told = ask(desk=desk, seen=None)
        told = told.tolist() if isinstance(told, np.ndarray) else told
        if not (isinstance(told, (tuple, list)) and len(told) == 3 and all(
                isinstance(x, (int, float)) and np.isfinite(x) for x in told)):
            raise ValueError("without `seen` claim() must return three finite numbers")
        found = _wide(_played({"own": lambda seen, name: ask(desk=name, seen=seen)}, desk, seed))
        kept["told"] = [float(x) for x in told], *_gap(found["own"], rivals(desk, seed)["TWAP"])
    (mean, low, high), truth, error = kept["told"]
    half, own = (high - low) / 2, 2 * error
    if promise == "in order":
        return "right" if low < mean < high else "disorder"
    if promise in ("paired", "sharp"):
        return "right" if half <= (3 if promise == "paired" else 2) * own else "wide"
    if promise == "no point":
        return "right" if half >= own / 6 else "narrow"
    room = (4.0 if promise == "agrees" else 3.0) * np.hypot(error, min(half, 3 * own) / 2)
    if abs(mean - truth) <= room and low < high:
        return "right"
    return "sign" if abs(mean + truth) <= room + 0.1 * abs(truth) else "disagrees"


def same_policy():
    return [Case({"desk": "public", "seen": _rows(LAST, [700, 1200], 9_000)},
                 "asked for orders, it gives those of `act`")]


def own_promise(rng, student):
    seed = int(rng.integers(2**31))
    return [Case({"desk": student, "seed": seed, "promise": promise}, play=play_claim)
            for promise in PROMISES]


CLAIM = Check(
    name="claim",
    title="Promise, with an interval",
    reference=reference_claim,
    tolerance=EXACT,
    reread='"Promise"',
    parts=[
        Part("orders for whoever asks for orders", 0.0, same_policy(), category="worked example"),
        Part("what the promise is worth on days that you have not seen", 6.0, own_promise, False,
             category="other days", partial=True, by_student=True),
    ],
    mistakes=[
        Mistake("sign", _said("sign"),
                "the difference is your policy less TWAP, in costs: what saves money is negative"),
        Mistake("wide", _said("wide"),
                "the interval is several times as wide as pairs of the same days allow: subtract "
                "day by day first, and divide by the root of the number of days"),
        Mistake("narrow", _said("narrow"),
                "the interval is too narrow for any number of days that you can have played"),
        Mistake("disorder", _said("disorder"), "the order is difference, low, high"),
        Mistake("disagrees", _said("disagrees"),
                "hidden days do not agree with your promise: was it made on the days on which the "
                "policy was tuned, for another policy, another measure or another desk?"),
    ],
)  # fmt: skip

MEASURE, ODDITY = load_checks(_HERE / "checks_capstone_tape.py")
CHECKS = [MEASURE, ACT, CLAIM, ODDITY]
