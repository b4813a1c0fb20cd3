"""Exercises 4 and 7 of lesson 04: impact of injected orders, and a verdict on paired days."""

import math

import numpy as np
from scipy.special import ndtri, stdtrit

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

ROUNDED = Tolerance(rtol=1e-6, atol=1e-7, why="differences of prices lose some digits")


def _interval(values, reach=None, ddof=1, root=True):
    values = np.asarray(values)[np.isfinite(values)]
    reach = stdtrit(len(values) - 1, 0.975) if reach is None else reach
    error = values.std(ddof=ddof) / (math.sqrt(len(values)) if root else 1)
    return (float(values.mean()), float(values.mean() - reach * error),
            float(values.mean() + reach * error))


# --------------------------------------------------------------------------- 4 impact_estimate


def _moves(side, before, with_order, without_order):
    return side * (with_order - without_order) / before * 1e4


def reference_impact(side, before, with_order, without_order):
    return _interval(_moves(side, before, with_order, without_order))


def _unpaired(side, before, with_order, without_order):
    return _interval(side * (with_order - before) / before * 1e4)


def _no_side(side, before, with_order, without_order):
    return _interval(_moves(1, before, with_order, without_order))


def _normal(side, before, with_order, without_order):
    return _interval(_moves(side, before, with_order, without_order), 1.959963984540054)


def _population(side, before, with_order, without_order):
    return _interval(_moves(side, before, with_order, without_order), ddof=0)


def _no_root(side, before, with_order, without_order):
    return _interval(_moves(side, before, with_order, without_order), root=False)


def _normal_population(side, before, with_order, without_order):
    return _interval(_moves(side, before, with_order, without_order), 1.96, ddof=0)


def _normal_rounded(side, before, with_order, without_order):
    return _interval(_moves(side, before, with_order, without_order), 1.96)


def _per_cent(side, before, with_order, without_order):
    return tuple(x / 100 for x in reference_impact(side, before, with_order, without_order))


def _dollars(side, before, with_order, without_order):
    return _interval(side * (with_order - without_order))


def random_runs(rng):
    cases = []
    for n, side in ((8, -1), (30, 1)):
        before = np.round(rng.uniform(90, 110, n), 2)
        without = np.round(before + rng.normal(0, 0.3, n), 2)
        moved = np.round(without + side * rng.uniform(0, 0.06, n), 2)
        cases.append(Case({"side": side, "before": before, "with_order": moved,
                           "without_order": without}, f"{n} seeds, side {side:+d}"))
    return cases


THREE = {"side": -1, "before": np.array([100.0, 100, 100]),
         "with_order": np.array([99.98, 100.03, 99.90]),
         "without_order": np.array([100.00, 100.06, 99.91])}

IMPACT = Check(
    name="impact_estimate",
    title="Impact with an interval",
    reference=reference_impact,
    tolerance=ROUNDED,
    reread='"Impact, measured": three seeds by hand',
    parts=[
        Part("three seeds by hand", 1.0, [Case(THREE, "a sell")], category="worked example"),
        Part("runs of your own", 2.0, random_runs, False, category="other numbers", partial=True),
        Part("a seed without a mid", 1.0, [
            Case({"side": 1, "before": np.array([50.0, 50, 50, 50]),
                  "with_order": np.array([50.02, math.nan, 50.01, 49.99]),
                  "without_order": np.array([50.0, 50.0, 50.01, 49.98])}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("unpaired", _unpaired,
                "you compare with the price before the order; the market moves by itself, so "
                "compare with the same seed without the order"),
        Mistake("no_side", _no_side,
                "a sell that presses the price down has positive impact: multiply by the side"),
        Mistake("normal", _normal,
                "1.96 is the factor of many seeds; with n seeds it is Student's, with n - 1 "
                "degrees of freedom"),
        Mistake("normal_rounded", _normal_rounded,
                "1.96 is the factor of many seeds; with n seeds it is Student's, with n - 1 "
                "degrees of freedom"),
        Mistake("population", _population,
                "the standard deviation of a sample divides by n - 1 (ddof=1)"),
        Mistake("normal_population", _normal_population,
                "two slips in the interval: the factor is Student's with n - 1 degrees of freedom, "
                "and the standard deviation of a sample divides by n - 1 (ddof=1)"),
        Mistake("no_root", _no_root,
                "the error of a mean is the standard deviation over sqrt(n)"),
        Mistake("per_cent", _per_cent, "you return per cent; a basis point is a hundredth of that"),
        Mistake("dollars", _dollars, "you return dollars; divide by the price before times 1e-4"),
    ],
)

# --------------------------------------------------------------------------- 7 verdict


def _days(std, difference, power=0.8, up=math.ceil):
    return max(2, int(up(((ndtri(0.975) + ndtri(power)) * std / difference) ** 2)))


def reference_verdict(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    return (*_interval(gaps), _days(gaps.std(ddof=1), difference))


def _unpaired_days(cost_a, cost_b, difference):
    apart = math.sqrt(cost_a.var(ddof=1) + cost_b.var(ddof=1))
    reach = stdtrit(len(cost_a) - 1, 0.975) * apart / math.sqrt(len(cost_a))
    mean = float(cost_a.mean() - cost_b.mean())
    return mean, mean - reach, mean + reach, _days(apart, difference)


def _turned(cost_a, cost_b, difference):
    return reference_verdict(cost_b, cost_a, difference)


def _no_power(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    return (*_interval(gaps), _days(gaps.std(ddof=1), difference, 0.5))


def _rounded(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    return (*_interval(gaps), _days(gaps.std(ddof=1), difference, up=math.floor))


def _normal_reach(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    return (*_interval(gaps, ndtri(0.975)), _days(gaps.std(ddof=1), difference))


def _reach_rounded(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    return (*_interval(gaps, 1.96), _days(gaps.std(ddof=1), difference))


def _of_the_mean(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    return (*_interval(gaps), _days(gaps.std(ddof=1) / math.sqrt(len(gaps)), difference))


def random_days(rng):
    cases = []
    for n in (12, 60):
        day = rng.normal(0, 20, n)
        cases.append(Case({"cost_a": np.round(0.7 * day + rng.normal(1, 1, n), 2),
                           "cost_b": np.round(day + 0.9, 2),
                           "difference": round(float(rng.uniform(0.2, 2)), 2)}, f"{n} days"))
    return cases


VERDICT = Check(
    name="verdict",
    title="How many days does the claim need?",
    reference=reference_verdict,
    tolerance=ROUNDED,
    reread='"Does it beat TWAP?": three days by hand',
    parts=[
        Part("three days by hand", 1.0, [
            Case({"cost_a": np.array([3.0, 5, 7]), "cost_b": np.array([2.0, 3, 4]),
                  "difference": 0.5}, "the table above")], category="worked example"),
        Part("days of your own", 2.0, random_days, False, category="other numbers", partial=True),
        Part("a claim of a gain, and one that two days show", 1.0, [
            Case({"cost_a": np.array([1.0, -2, 0.5, 4]), "cost_b": np.array([2.0, 3, 4, 3]),
                  "difference": -1.5}),
            Case({"cost_a": np.array([1.0, 1.25, 1.5]), "cost_b": np.array([0.0, 0.25, 0.75]),
                  "difference": 20.0}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("unpaired", _unpaired_days,
                "you treat the two columns as different days; take the differences day by day "
                "first"),
        Mistake("turned", _turned, "your sign is turned round: asked is a minus b"),
        Mistake("no_power", _no_power,
                "with 1.96 alone a true difference is found in one study of two; add the 0.84 of a "
                "power of 80 %"),
        Mistake("of_the_mean", _of_the_mean,
                "the days need the standard deviation of one difference, not the error of the "
                "mean"),
        Mistake("rounded", _rounded, "round the number of days up"),
        Mistake("normal", _normal_reach,
                "the interval takes Student's factor with n - 1 degrees of freedom, not 1.96"),
        Mistake("normal_rounded", _reach_rounded,
                "the interval takes Student's factor with n - 1 degrees of freedom, not 1.96"),
    ],
)

CHECKS = [IMPACT, VERDICT]
