"""Exercise 5 of lesson 13: an investigation in which each look costs days."""

from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

_HERE = Path(__file__).parent
EXACT = Tolerance(rtol=1e-6, atol=1e-9, why="plain arithmetic: only the order of sums may differ")
_CASE: dict = {}
exec(compile((_HERE / "case_two.py").read_text(encoding="utf-8"), "case_two.py", "exec"), _CASE)
CLEAR = 1e-7  # bits a day between the best look and the next: no rounding decides

# ----------------------------------------------------------------------------- 5 investigate


def reference_investigate(prior, chance, days, results, budget, sure):
    return _investigate(prior, chance, days, results, budget, sure)


def entropy(p):
    p = np.asarray(p, dtype=float)
    return -(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1)


def gains(belief, chance):
    """Bits that each look is expected to tell."""
    both = np.stack([chance, 1 - chance]) * belief
    alarm = both.sum(axis=2)
    after = both / np.where(alarm > 0, alarm, 1.0)[:, :, None]
    return entropy(belief) - (alarm * entropy(after)).sum(axis=0)


def _investigate(prior, chance, days, results, budget, sure, rule="gain", update="bayes",
                 over=False, stop="belief", margins=None):
    belief, chance = np.asarray(prior, dtype=float), np.asarray(chance, dtype=float)
    days, asked, left = np.asarray(days, dtype=float), [], budget
    while stop == "never" or belief.max() < sure:
        free = [k for k in range(len(days)) if k not in asked
                and (over or days[k] <= left + 1e-9)]
        if not free or left <= 0:
            break
        worth = gains(belief, chance)
        score = {"gain": worth / days, "bits": worth, "cheap": -days,
                 "accurate": np.abs(chance - 0.5).max(axis=1),
                 "likely": chance[:, belief.argmax()], "first": -np.arange(len(days))}[rule]
        look = max(free, key=lambda k: (score[k], -k))
        if margins is not None:
            margins += [score[look] - score[k] for k in free if k != look]
        asked.append(look)
        left -= days[look]
        seen = chance[look] if results[look] else 1 - chance[look]
        if update == "alarms" and not results[look]:
            continue
        belief = {"bayes": belief * seen, "alarms": belief * seen, "prior": prior * seen,
                  "loose": belief * seen}[update]
        if update != "loose":
            belief = belief / belief.sum()
        if margins is not None:
            margins.append(abs(belief.max() - sure))
    if margins is not None:
        margins.append(np.diff(np.sort(belief)[-2:])[0])
    cause = int(belief.argmax())
    return asked, cause, float(belief[cause])


def _wrong_investigation(**how):
    def wrong(prior, chance, days, results, budget, sure):
        return _investigate(prior, chance, days, results, budget, sure, **how)

    return wrong


def _is_clear(given):
    """Whether no choice on the way hangs on the last digits, of a look, of the end, of a name."""
    margins = []
    _investigate(**given, margins=margins)
    return min(margins) > CLEAR


def _hidden():
    if "table" not in _CASE:
        with np.load(_HERE / "checks_case.npz") as file:
            table = pd.DataFrame(file["measures"].astype(float), columns=_CASE["MEASURES"])
            _CASE["table"] = table.assign(cause=file["cause"].astype(object), size=file["size"])
        shown = pd.read_csv(_HERE / "case_orders.csv")
        _CASE["usual"] = shown[shown["cause"] == "nothing"]
        _CASE["chance"] = _CASE["chances"](shown).to_numpy()
    return _CASE["table"], _CASE["usual"], _CASE["chance"]


def _venue(rng, cause, budget=6.0, sure=0.9):
    """A week of a hidden venue: what every look would say, with beliefs of this student's own."""
    table, usual, chance = _hidden()
    own = table[table["cause"] == cause]
    own = own[own["size"] == rng.choice(own["size"].unique())]
    while True:
        week = own.iloc[rng.permutation(len(own))[:_CASE["WEEK"]]]
        prior = rng.dirichlet(np.full(len(_CASE["CAUSES"]), 3.0)).round(3)
        given = {"prior": prior / prior.sum(), "chance": chance,
                 "days": np.array(list(_CASE["LOOK_DAYS"].values())),
                 "results": _CASE["alarms"](week, usual), "budget": budget, "sure": sure}
        if _is_clear(given):
            return Case(given)


def own_venues(rng):
    causes = rng.permutation(_CASE["CAUSES"])[:5]
    return [_venue(rng, cause) for cause in causes]


def tight(rng):
    first, second = rng.permutation(_CASE["CAUSES"])[:2]
    known = _venue(rng, first).inputs
    prior = np.full(len(known["prior"]), 0.01)
    prior[int(rng.integers(len(prior)))] = 1 - 0.01 * (len(prior) - 1)
    return [Case(_venue(rng, second, budget=1.5).inputs, "a budget of 1.5"),
            Case(known | {"prior": prior, "sure": 0.8}, "sure before any look"),
            Case(_venue(rng, first, budget=30.0, sure=0.9999).inputs, "all looks may be needed")]


TWO_SUSPECTS = {"prior": np.array([0.5, 0.3, 0.2]),
                "chance": np.array([[0.1, 0.9, 0.1], [0.05, 0.05, 0.95], [0.2, 0.8, 0.8]]),
                "days": np.array([1.0, 2.0, 0.5]), "results": np.array([1, 0, 1]), "budget": 4.0,
                "sure": 0.8}

INVESTIGATE = Check(
    name="investigate",
    title="Each look costs days",
    reference=reference_investigate,
    tolerance=EXACT,
    reread='"Which question first?": three suspects by hand',
    parts=[
        Part("three suspects by hand", 1.5, [Case(TWO_SUSPECTS, "the table above")],
             category="worked example"),
        Part("venues of your own", 5.0, own_venues, False, category="other numbers", partial=True),
        Part("few days, no doubt, every look", 1.5, tight, False, category="edge cases",
             partial=True),
    ],
    mistakes=[
        Mistake("cheapest", _wrong_investigation(rule="cheap"),
                "the cheapest look first: it may tell next to nothing; bits a day are asked"),
        Mistake("most_bits", _wrong_investigation(rule="bits"),
                "the look that tells most, whatever it costs: divide by its days"),
        Mistake("likeliest", _wrong_investigation(rule="likely"),
                "this asks for what you believe already; a look is worth what it may change"),
        Mistake("list", _wrong_investigation(rule="first"),
                "this goes through the list from the top; what was found so far must choose the "
                "next look"),
        Mistake("accurate", _wrong_investigation(rule="accurate"),
                "an accurate look at a suspect whom nobody suspects tells nothing: weigh with the "
                "belief"),
        Mistake("never_stops", _wrong_investigation(stop="never"),
                "stop as soon as one suspect is sure enough: further days cost money"),
        Mistake("alarms_alone", _wrong_investigation(update="alarms"),
                "no alarm is an answer, too: it speaks against whoever would have raised one"),
        Mistake("forgetful", _wrong_investigation(update="prior"),
                "each answer changes the *latest* belief, not the first one"),
        Mistake("unnormalised", _wrong_investigation(update="loose"),
                "a belief adds up to 1: divide by the sum after each look"),
        Mistake("over_budget", _wrong_investigation(over=True),
                "a look that takes more days than are left cannot be had"),
    ],
)  # fmt: skip

CHECKS = [INVESTIGATE]
