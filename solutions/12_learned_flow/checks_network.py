"""Exercises 4 and 5 of lesson 12: attention, and what is left when the impossible is barred."""

import math

import numpy as np
import torch

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

SINGLE = Tolerance(rtol=1e-4, atol=1e-5, why="single precision will do")
EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# ---------------------------------------------------------------------------------- 4 attend


def reference_attend(query, key, value, window, slope):
    return _attend(query, key, value, window, slope)


def _attend(query, key, value, window, slope, causal=True, wide=0, sign=1.0, root=True, axis=1,
            hidden="before", sloped=True, weights=False, turned=False, distance="back"):
    query, key, value = (torch.as_tensor(np.array(x), dtype=torch.float64)
                         for x in (query, key, value))
    n = len(query)
    scores = (key @ query.T if turned else query @ key.T) / (
        math.sqrt(query.shape[1]) if root else 1.0)
    back = torch.arange(n)[:, None] - torch.arange(n)[None, :]
    if sloped:
        scores = scores - sign * slope * (back if distance == "back" else back != 0)
    out = (back >= window + wide) | ((back < 0) & causal)
    if hidden == "zero":
        scores = scores.masked_fill(out, 0.0)
    elif hidden == "before":
        scores = scores.masked_fill(out, -math.inf)
    share = torch.softmax(scores, dim=axis)
    if hidden == "after":
        share = share.masked_fill(out, 0.0)
    return (share if weights else torch.nan_to_num(share) @ value).numpy()


def _wrong_attend(**how):
    def wrong(query, key, value, window, slope):
        return _attend(query, key, value, window, slope, **how)

    return wrong


def _looks(rng, n, width, window, slope, out=None):
    return {"query": rng.normal(size=(n, width)).round(2),
            "key": rng.normal(size=(n, width)).round(2),
            "value": rng.normal(size=(n, out or width)).round(2), "window": window,
            "slope": slope}


def other_looks(rng):
    return [Case(_looks(rng, 9, 4, 4, 0.25), "a window of four"),
            Case(_looks(rng, 12, 3, 5, 0.5, out=6), "values wider than keys")]


def odd_looks(rng):
    return [Case(_looks(rng, 7, 4, 1, 0.3), "a window of one sees itself"),
            Case(_looks(rng, 5, 2, 50, 0.0625), "a window longer than the stream"),
            Case(_looks(rng, 1, 4, 3, 0.5), "one token")]


LN2 = math.log(2.0)
THREE = {"query": np.ones((3, 1)), "key": np.array([[0.0], [LN2], [0.0]]),
         "value": np.array([[9.0], [3.0], [6.0]]), "window": 3, "slope": LN2}

ATTEND = Check(
    name="attend",
    title="A head that looks back",
    reference=reference_attend,
    tolerance=SINGLE,
    reread='"Attention": three tokens by hand',
    parts=[
        Part("three tokens by hand", 1.0, [Case(THREE, "the tokens above"),
                                           Case(THREE | {"window": 2}, "a window of two")],
             category="worked example"),
        Part("other looks", 3.0, other_looks, False, category="other numbers"),
        Part("short windows and short streams", 2.0, odd_looks, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("sees_ahead", _wrong_attend(causal=False),
                "a token sees itself and what came before; what comes later is hidden"),
        Mistake("one_more", _wrong_attend(wide=1),
                "the window counts the token itself: j is seen where i - j < window"),
        Mistake("rising", _wrong_attend(sign=-1.0),
                "the slope is *subtracted* for each step back: what is far counts less"),
        Mistake("no_slope", _wrong_attend(sloped=False), "where is the slope?"),
        Mistake("no_root", _wrong_attend(root=False),
                "scores are divided by the root of the width of keys"),
        Mistake("zeros", _wrong_attend(hidden="zero"),
                "a score of 0 is not hidden, exp(0) is 1: use minus infinity"),
        Mistake("masked_after", _wrong_attend(hidden="after"),
                "hide before the softmax: after it the weights do not add up to 1"),
        Mistake("wrong_axis", _wrong_attend(axis=0),
                "each row of scores, one per query, adds up to 1"),
        Mistake("turned", _wrong_attend(turned=True),
                "rows are queries, columns keys: query @ key.T"),
        Mistake("weights", _wrong_attend(weights=True),
                "these are the weights; the mean of the values with them is asked"),
        Mistake("flat_slope", _wrong_attend(distance="any"),
                "the slope counts for every step back, not once"),
    ],
)  # fmt: skip

# ---------------------------------------------------------------------------------- 5 barred


def reference_barred(first, second, allowed):
    return _barred(first, second, allowed)


def _retry(first, second, allowed):
    both = np.asarray(first)[:, None] * np.asarray(second) * np.asarray(allowed)
    return both / both.sum()


def _mask(first, second, allowed, dead_ends=True):
    first, second, allowed = (np.asarray(x, dtype=float) for x in (first, second, allowed))
    own = second * allowed
    left = own.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if dead_ends:
            start = first * (left > 0)
            start = start / start.sum()
        else:
            start = first
        return np.where(left[:, None] > 0, start[:, None] * own / left[:, None], 0.0)


def _barred(first, second, allowed, dead_ends=True, masked="masked", retried="retried",
            swapped=False):
    ways = {"masked": _mask(first, second, allowed, dead_ends),
            "retried": _retry(first, second, allowed),
            "second": _mask(first, second, allowed, dead_ends),
            "raw": np.asarray(first)[:, None] * np.asarray(second) * np.asarray(allowed),
            "even": _even(first, second, allowed)}
    found = ways[masked], ways[retried]
    return found[::-1] if swapped else found


def _even(first, second, allowed):
    """What was barred is dealt evenly among the allowed seconds."""
    first, second, allowed = (np.asarray(x, dtype=float) for x in (first, second, allowed))
    own, count = second * allowed, allowed.sum(axis=1, keepdims=True)
    lost = 1 - own.sum(axis=1, keepdims=True)
    start = first * (count[:, 0] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        dealt = np.where(allowed > 0, own + lost / count, 0.0)
    return (start / start.sum())[:, None] * dealt


def _wrong_barred(**how):
    def wrong(first, second, allowed):
        return _barred(first, second, allowed, **how)

    return wrong


def _raw_both(first, second, allowed):
    raw = np.asarray(first)[:, None] * np.asarray(second) * np.asarray(allowed)
    return raw, raw


def _tokens(rng, firsts, seconds, dead=0):
    while True:
        allowed = rng.random((firsts, seconds)) < 0.6
        allowed[rng.permutation(firsts)[:dead]] = False
        if (~allowed.any(axis=1)).sum() == dead and not allowed.all():
            break
    return {"first": rng.dirichlet(np.full(firsts, 2.0)),
            "second": rng.dirichlet(np.full(seconds, 1.0), firsts), "allowed": allowed}


def other_tokens(rng):
    return [Case(_tokens(rng, 3, 4), "three events"), Case(_tokens(rng, 5, 6), "five events")]


def dead_ends(rng):
    free = _tokens(rng, 3, 3)
    free["allowed"] = np.ones((3, 3), bool)
    return [Case(_tokens(rng, 4, 3, dead=1), "an event that nothing may follow"),
            Case(_tokens(rng, 5, 4, dead=3), "three such events"),
            Case(free, "nothing is barred: both are the model itself")]


TWO = {"first": np.array([0.5, 0.5]), "second": np.array([[0.1, 0.9], [0.5, 0.5]]),
       "allowed": np.array([[True, False], [True, True]])}

BARRED = Check(
    name="barred",
    title="Barring the impossible",
    reference=reference_barred,
    tolerance=EXACT,
    reread='"Only what is allowed": two events by hand',
    parts=[
        Part("two events by hand", 1.0, [Case(TWO, "the events above")],
             category="worked example"),
        Part("other events", 2.0, other_tokens, False, category="other numbers"),
        Part("dead ends, and nothing barred", 2.0, dead_ends, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("the_same", _wrong_barred(masked="retried"),
                "masking is done token by token: the first is chosen before anybody looks at the "
                "second"),
        Mistake("retried_second", _wrong_barred(retried="second"),
                "retrying throws the *whole* message away and begins anew with the first token"),
        Mistake("dead_ends", _wrong_barred(dead_ends=False),
                "a first token that nothing may follow is barred, too"),
        Mistake("not_normalised", _raw_both, "chances add up to 1: divide by what is left"),
        Mistake("retried_raw", _wrong_barred(retried="raw"),
                "what retrying ends with adds up to 1: divide by the chance of a valid message"),
        Mistake("even", _wrong_barred(masked="even"),
                "what is barred is not dealt evenly: allowed tokens keep their proportions"),
        Mistake("swapped", _wrong_barred(swapped=True), "masked first, retried second"),
    ],
)  # fmt: skip

CHECKS = [ATTEND, BARRED]
