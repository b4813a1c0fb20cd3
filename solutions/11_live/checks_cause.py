"""Exercises 5 to 7 of lesson 11: a fair share of the blame, the cause, and when to stop."""

import hashlib
import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit as t_quantile

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

_HERE = Path(__file__).parent
EXACT = Tolerance(rtol=1e-7, atol=1e-7, why="plain arithmetic: only the order of sums may differ")
# float32 in the logs, and means of measurements of them
MEASURED = Tolerance(rtol=1e-3, atol=1e-4, why="means of a blotter's rounded columns")

_LOGS: dict = {}
exec(compile((_HERE / "live_logs.py").read_text(encoding="utf-8"), "live_logs.py", "exec"), _LOGS)
COLUMNS = list(_LOGS["COLUMNS"])
_MEASURED: dict = {}


def measures(table):
    """What the lesson's own function says; known mistakes ask for it many times over."""
    key = hashlib.sha256(b"".join(table[name].to_numpy(np.float32).tobytes() for name in (
        "order", "value", "told_s", "swing", "ahead"))).digest()
    if key not in _MEASURED:
        if len(_MEASURED) > 200:  # a grader of a class goes on for long
            _MEASURED.clear()
        _MEASURED[key] = _LOGS["measures"](table)
    return _MEASURED[key]


# --------------------------------------------------------------------------------- 5 shapley


def reference_shapley(value):
    value = np.asarray(value, dtype=float)
    n = len(value).bit_length() - 1
    share = np.zeros(n)
    for mask in range(len(value)):
        size = mask.bit_count()
        for i in range(n):
            if not mask >> i & 1:
                weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
                share[i] += weight * (value[mask | 1 << i] - value[mask])
    return share


def _alone(value):
    n = len(value).bit_length() - 1
    return np.array([value[1 << i] - value[0] for i in range(n)])


def _from_zero(value):
    return np.array([value[1 << i] for i in range(len(value).bit_length() - 1)])


def _last(value):
    n = len(value).bit_length() - 1
    return np.array([value[-1] - value[len(value) - 1 - (1 << i)] for i in range(n)])


def _banzhaf(value):
    n = len(value).bit_length() - 1
    masks = np.arange(len(value))
    return np.array([np.mean([value[m | 1 << i] - value[m] for m in masks if not m >> i & 1])
                     for i in range(n)])


def _one_order(value):
    n = len(value).bit_length() - 1
    return np.array([value[(2 << i) - 1] - value[(1 << i) - 1] for i in range(n)])


def _scaled(value):
    share = _alone(value)
    return share * (value[-1] - value[0]) / share.sum()


def _reversed(value):
    return reference_shapley(value)[::-1]


def _first_and_last(value):
    return (_alone(value) + _last(value)) / 2


def _fractions(value):
    return reference_shapley(value) / (value[-1] - value[0])


def _summed(value):
    n = len(value).bit_length() - 1
    total = np.zeros(n)
    for order in permutations(range(n)):
        mask = 0
        for i in order:
            total[i] += value[mask | 1 << i] - value[mask]
            mask |= 1 << i
    return total


def _table(rng, n, start=0.0, dummy=None, equal=None):
    own = rng.normal(1, 1, n)
    value = np.array([start + sum(own[i] for i in range(n) if m >> i & 1)
                      + 0.7 * rng.normal() * (m.bit_count() > 1) for m in range(1 << n)])
    value[0] = start
    if dummy is not None:  # a switch that changes nothing, whatever else is on
        for m in range(1 << n):
            value[m] = value[m & ~(1 << dummy)]
    if equal is not None:  # two switches that may change places
        a, b = equal
        for m in range(1 << n):
            if m >> a & 1 and not m >> b & 1:
                value[m ^ (1 << a) ^ (1 << b)] = value[m]
    return {"value": value.round(3)}


def other_tables(rng):
    return [Case(_table(rng, 3), "three switches"), Case(_table(rng, 4), "four switches"),
            Case(_table(rng, 5, start=2.5), "five; the simulator's own cost is not 0")]


def laws(rng):
    return [Case(_table(rng, 4, start=-1.2, dummy=2), "a switch without any effect"),
            Case(_table(rng, 3, equal=(0, 2)), "two switches that may change places"),
            Case(_table(rng, 1, start=1.0), "one switch")]


SHAPLEY = Check(
    name="shapley",
    title="A fair share of the blame",
    reference=reference_shapley,
    tolerance=EXACT,
    reread='"Who is to blame": two switches by hand',
    parts=[
        Part("two switches by hand", 1.0,
             [Case({"value": np.array([0.0, 1.0, 0.5, 2.1])}, "the table above")],
             category="worked example"),
        Part("other tables", 2.0, other_tables, False, category="other numbers"),
        Part("efficiency, symmetry, dummies", 2.0, laws, False, category="invariants"),
    ],
    mistakes=[
        Mistake("alone", _alone, "this is each switch alone: what they do together is left out"),
        Mistake("last", _last, "this is each switch as the last one: what they do together is "
                "counted for each of them"),
        Mistake("one_order", _one_order, "one order of the switches; the mean over *all* is asked"),
        Mistake("banzhaf", _banzhaf, "subsets have different weights: the mean is over orders, "
                "not over subsets (this is Banzhaf's index)"),
        Mistake("first_and_last", _first_and_last,
                "first and last place are not all: with three switches there is a place between"),
        Mistake("fractions", _fractions, "shares in bps that add up to the loss, not to 1"),
        Mistake("summed", _summed, "divide by the number of orders, n!"),
        Mistake("scaled", _scaled, "shares scaled to the right sum are not Shapley's"),
        Mistake("from_zero", _from_zero, "a difference is asked: value[0] is the cost without "
                "any switch"),
        Mistake("reversed", _reversed, "bit i of the index belongs to switch i: 1 is switch 0 "
                "alone, 2 is switch 1 alone"),
    ],
)  # fmt: skip

# -------------------------------------------------------------------------------- 6 diagnose

OWN = {"order_latency": "order_delay_s", "feed_latency": "report_delay_s",
       "ack_delay": "report_delay_s", "stale_feed": "crossed", "fees": "fee_bps",
       "rejects": "refused", "queue": "ahead", "spread": "spread_ticks", "regime": "spread_ticks",
       "volatility": "swing", "flow": "depth"}
CASES = 6  # hidden cases of a student, each another cause
LIVE_ORDERS = 4


def reference_diagnose(training, live):
    return _diagnose(training, live)


def _diagnose(training, live, symptom=False, calm=True, bold=False, reports=False, evidence=None,
              strict=1.0):
    a, b = measures(training), measures(live)
    shift = (b.mean() - a.mean()) / strict
    wide = b["spread_ticks"] > a["spread_ticks"].mean() + 0.2 * strict
    wild = b["swing"] > a["swing"].mean() + 0.3 * strict
    if symptom and shift["crossed"] > 0.03:
        cause = "stale_feed"
    elif shift["order_delay_s"] > 0.3:
        cause = "order_latency"
    elif shift["report_delay_s"] > 0.3:
        cause = "feed_latency" if shift["crossed"] > 0.06 or reports else "ack_delay"
    elif shift["fee_bps"] > 0.05:
        cause = "fees"
    elif shift["refused"] > 0.005:
        cause = "rejects"
    elif shift["crossed"] > 0.03:
        cause = "stale_feed"
    elif shift["ahead"] > 0.1:
        cause = "queue"
    elif wide.any():
        cause = "regime" if (wide & wild).any() and calm else "spread"
    elif shift["swing"] > 0.3:
        cause = "volatility"
    elif shift["depth"] < -0.04:
        cause = "flow"
    else:
        cause = "nothing" if not bold else "volatility"
    if cause == "nothing":
        return cause, 0.0
    own = OWN[cause]
    move = b[own].mean() - a[own].mean()
    value = {None: move, "turned": -move, "live": b[own].mean(),
             "median": b[own].median() - a[own].median(),
             "storms": b[own][wide].mean() - a[own].mean() if cause == "regime" else move,
             "rows": _of_rows(live, own, b) - _of_rows(training, own, a)}[evidence]
    return cause, float(value)


def _of_rows(table, own, measured):
    """Mean over all requests instead of over orders, where a column of the blotter has it."""
    if own in table:
        return table[own].mean()
    if own in ("crossed", "refused"):
        return (table["reason"] == own).mean()
    return measured[own].mean()


def _missed(training, live):
    return "nothing", 0.0


def _largest(training, live):
    """The measurement that has moved by most standard deviations, and its first cause."""
    a, b = measures(training), measures(live)
    shift = b.mean() - a.mean()
    error = np.sqrt(a.var() / len(a) + b.var() / len(b)).clip(lower=1e-3)
    own = (shift.abs() / error).idxmax()
    return next(cause for cause, name in OWN.items() if name == own), float(shift[own])


def _wrong_diagnosis(**how):
    def wrong(training, live):
        return _diagnose(training, live, **how)

    return wrong


def _frame(table):
    whole = {name: "int64" for name in ("order", "step", "lots", "filled")}
    return table[COLUMNS].astype(whole).reset_index(drop=True)


def _desk(name):
    table = pd.read_csv(_HERE / "live_orders.csv", keep_default_na=False)
    numbers = [c for c in COLUMNS if c not in ("what", "reason")]
    table[numbers] = table[numbers].astype(np.float32)
    return _frame(table[table["desk"] == name])


_KEPT: dict = {}


def _kept():
    """Blotters of which hidden cases are made, read once."""
    if not _KEPT:
        with np.load(_HERE / "checks_logs.npz") as file:
            _KEPT["table"] = pd.DataFrame({name: file[name] for name in file.files}).astype(
                {name: object for name in ("what", "reason", "cause")})
    return _KEPT["table"]


def _some(rng, table, count):
    """Some orders of a table in a new order, numbered anew."""
    numbers = rng.permutation(table["order"].unique())[:count]
    parts = [table[table["order"] == k].assign(order=place) for place, k in enumerate(numbers)]
    return pd.concat(parts)


def _hidden_case(rng, cause):
    table = _kept()
    training = _some(rng, table[table["cause"] == "training"], LIVE_ORDERS)
    own = table[table["cause"] == cause]
    own = own[own["size"] == rng.choice(own["size"].unique())]
    while True:
        live = _some(rng, own, LIVE_ORDERS)
        case = {"training": _frame(training), "live": _frame(live)}
        if all(_diagnose(**case, strict=s)[0] == cause for s in (0.8, 1.3)):
            return Case(case)  # four orders of a regime may all be calm


def own_desks(rng):
    causes = rng.permutation(["nothing", *OWN])[:CASES]
    return [_hidden_case(rng, cause) for cause in causes]


def same_symptoms(rng):
    pairs = (("feed_latency", "ack_delay"), ("spread", "regime"))
    cases = [_hidden_case(rng, cause) for cause in (*sum(pairs, ()), "nothing")]
    return [cases[k] for k in rng.permutation(len(cases))]  # their places tell nothing


DIAGNOSE = Check(
    name="diagnose",
    title="What ails this desk?",
    reference=reference_diagnose,
    tolerance=MEASURED,
    show_expected=False,
    reread='"The diagnosis": the table of suspects, symptoms and causes',
    parts=[
        Part("the desks of the lesson", 1.5,
             [Case({"training": _desk("training"), "live": _desk(name)}, f"desk {name}")
              for name in ("A", "B")], category="worked example", partial=True),
        Part("desks of your own", 6.0, own_desks, False, category="other numbers", partial=True),
        Part("causes that share a symptom, and a healthy desk", 2.5, same_symptoms, False,
             category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("largest", _largest,
                "what moved by most standard deviations may be a symptom, or may be shared by two "
                "causes; look at which measurements moved together"),
        Mistake("symptom", _wrong_diagnosis(symptom=True),
                "refusals of orders that would have crossed are a symptom of every delay: look at "
                "the stamps first"),
        Mistake("calm_regime", _wrong_diagnosis(calm=False),
                "in a storm the mid swings more too, and not every order meets one: look at single "
                "orders"),
        Mistake("late_reports", _wrong_diagnosis(reports=True),
                "reports are late under both causes; only where the *book* is old, too, are orders "
                "sent that would cross"),
        Mistake("never_nothing", _wrong_diagnosis(bold=True),
                "a desk may be well: name a cause only where a measurement left its usual range"),
        Mistake("turned", _wrong_diagnosis(evidence="turned"),
                "the evidence is live less training, not the other way round"),
        Mistake("live_alone", _wrong_diagnosis(evidence="live"),
                "the evidence is a difference: subtract the training market's mean"),
        Mistake("missed", _missed,
                "something has changed at this desk; thresholds must lie below what a suspect does "
                "at a size of 0.8, and a regime shows in single orders"),
        Mistake("rows", _wrong_diagnosis(evidence="rows"),
                "one number for each order first, and the mean over the orders then: orders have "
                "different numbers of requests"),
        Mistake("storms", _wrong_diagnosis(evidence="storms"),
                "the evidence is the mean over *all* orders, calm ones too"),
        Mistake("median", _wrong_diagnosis(evidence="median"),
                "means over orders, not medians"),
    ],
)  # fmt: skip

# ----------------------------------------------------------------------------------- 7 guard


def reference_guard(difference, tau, alpha, least):
    return _guard(difference, tau, alpha, least)


def _guard(difference, tau, alpha, least, half="sequence", ddof=1, turned=False, first=True,
           zero_based=False, one_sided=False, of_mean=True, early=False,
           late=False):
    x = np.asarray(difference, dtype=float)
    low, high = ("better", "worse") if turned else ("worse", "better")
    for n in range(2 if early else least + late, len(x) + 1):
        if not first and n < len(x):
            continue
        v = x[:n].var(ddof=ddof) / (n if of_mean else 1)
        if half == "sequence":
            level = 2 * math.log(1 / alpha) * (0.5 if one_sided else 1)
            reach = math.sqrt(v * (v + tau**2) / tau**2 * (level + math.log1p(tau**2 / v)))
        else:
            reach = math.sqrt(v) * (1.959964 if half == "naive" else t_quantile(n - 1, 0.975))
        mean = x[:n].mean()
        day = n - 1 if zero_based else n
        if mean - reach > 0:
            return low, day
        if mean + reach < 0:
            return high, day
    return "open", len(x)


def _wrong_guard(**how):
    def wrong(difference, tau, alpha, least):
        return _guard(difference, tau, alpha, least, **how)

    return wrong


def _days(rng, count, effect, least=10, sd=2.0, alpha=0.05, verdict=None, differs=()):
    """Days on which the verdict is the one wanted and named mistakes show."""
    while True:
        x = rng.normal(effect, sd, count).round(3)
        given = {"difference": x, "tau": 1.0, "alpha": alpha, "least": least}
        found = _guard(**given)
        wrongs = [_guard(**given, **how) for how in differs]
        steady = all(_guard(x, 1.0, alpha * f, least) == found for f in (0.99, 1.01))
        if found[0] == (verdict or found[0]) and steady and all(w != found for w in wrongs):
            return given


def other_updates(rng):
    return [Case(_days(rng, 80, 1.4, verdict="worse", differs=[{"ddof": 0}]), "the update hurts"),
            Case(_days(rng, 80, -1.6, verdict="better", alpha=0.01), "it helps"),
            Case(_days(rng, 60, 0.0, verdict="open", differs=[{"half": "naive"}]),
                 "it does nothing, and a daily look at 5 % would have stopped")]


def first_days(rng):
    return [Case(_days(rng, 40, 2.5, verdict="worse", least=15, differs=[{"early": True}]),
                 "clear before the first look that counts"),
            Case(_days(rng, 8, 3.0, least=10), "fewer days than the first look needs")]


GUARD = Check(
    name="guard",
    title="A guard that may look every day",
    reference=reference_guard,
    tolerance=EXACT,
    reread='"A guard": three days by hand',
    parts=[
        Part("three days by hand", 1.0,
             [Case({"difference": np.array([1.0, 3.0, 2.0]), "tau": 1.0, "alpha": 0.05,
                    "least": 3}, "the days above")], category="worked example"),
        Part("other updates", 3.0, other_updates, False, category="other numbers"),
        Part("the first days", 2.0, first_days, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("naive", _wrong_guard(half="naive"),
                "1.96 standard errors hold for one look; this guard looks every day"),
        Mistake("turned", _wrong_guard(turned=True),
                "costs: above 0 the update is *worse*"),
        Mistake("last_look", _wrong_guard(first=False),
                "the guard stops at the *first* day on which it knows, not on the last"),
        Mistake("too_early", _wrong_guard(early=True),
                "the variance is estimated: the first looks, before `least` days, do not count"),
        Mistake("too_late", _wrong_guard(late=True),
                "at the first look `least` days are known: day `least` itself may decide"),
        Mistake("t_test", _wrong_guard(half="t"),
                "a t test holds for one look; this guard looks every day"),
        Mistake("zero_based", _wrong_guard(zero_based=True), "days count from 1"),
        Mistake("not_of_the_mean", _wrong_guard(of_mean=False),
                "v is the variance of the *mean*: divide by the number of days"),
        Mistake("population", _wrong_guard(ddof=0), "the sample variance divides by n - 1"),
        Mistake("one_sided", _wrong_guard(one_sided=True), "2 ln(1/alpha), not ln(1/alpha)"),
    ],
)  # fmt: skip

CHECKS = [SHAPLEY, DIAGNOSE, GUARD]
