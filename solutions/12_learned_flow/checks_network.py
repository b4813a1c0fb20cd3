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


def _attend(query, key, value, window, slope, causal=True, wide=0, sign=1.0, axis=1,
            hidden="before", sloped=True, weights=False, turned=False, distance="back",
            divisor="width", windowed=True, itself=True):
    query, key, value = (torch.as_tensor(np.array(x), dtype=torch.float64)
                         for x in (query, key, value))
    n = len(query)
    width = {"width": math.sqrt(query.shape[1]), "square": query.shape[1], "all": 1.0,
             "values": math.sqrt(value.shape[1]), "length": math.sqrt(n)}[divisor]
    scores = (key @ query.T if turned else query @ key.T) / (1.0 if divisor == "all" else width)
    back = torch.arange(n)[:, None] - torch.arange(n)[None, :]
    if sloped:
        cost = sign * slope * (back if distance != "any" else back != 0)
        scores = scores - (cost / width if distance == "inside" else cost)
    out = (windowed & (back >= max(window + wide, 1))) | ((back < 0) & causal)
    if not itself:
        out |= back == 0
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
            Case(_looks(rng, 5, 2, 50, 0.0625, out=3), "a window longer than the stream"),
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
        Mistake("one_less", _wrong_attend(wide=-1),
                "the window counts the token itself: j is seen where i - j < window"),
        Mistake("no_window", _wrong_attend(windowed=False), "where is the window?"),
        Mistake("not_itself", _wrong_attend(itself=False),
                "a token sees itself, too: i - j may be 0"),
        Mistake("rising", _wrong_attend(sign=-1.0),
                "the slope is *subtracted* for each step back: what is far counts less"),
        Mistake("no_slope", _wrong_attend(sloped=False), "where is the slope?"),
        Mistake("no_root", _wrong_attend(divisor="all"),
                "scores are divided by the root of the width of keys"),
        Mistake("divided_by_width", _wrong_attend(divisor="square"),
                "scores are divided by the *root* of the width of keys"),
        Mistake("root_of_values", _wrong_attend(divisor="values"),
                "the root is that of the width of queries and keys; values may be wider"),
        Mistake("root_of_length", _wrong_attend(divisor="length"),
                "the root is that of the width of keys, not of the length of the stream"),
        Mistake("slope_inside", _wrong_attend(distance="inside"),
                "only the product of query and key is divided by the root, not the slope"),
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


def _not_a_number(first, second, allowed):
    """A dead end divided by its chance of 0."""
    masked = _mask(first, second, allowed)
    masked[(np.asarray(second) * allowed).sum(axis=1) == 0] = np.nan
    return masked, _retry(first, second, allowed)


def _allowed_is_enough(first, second, allowed):
    """A first word counts as open where a second is allowed, though it has no chance."""
    masked = _mask(first, second, allowed)
    kept = np.asarray(first)[np.asarray(allowed).any(axis=1)].sum()
    with_chance = np.asarray(first)[(np.asarray(second) * allowed).sum(axis=1) > 0].sum()
    return masked * with_chance / kept, _retry(first, second, allowed)


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
    never = _tokens(rng, 4, 3)
    row = int(rng.integers(4))
    never["second"][row] = [0.0, 1.0, 0.0]
    never["allowed"][row] = [True, False, True]
    free = _tokens(rng, 3, 3)
    free["allowed"] = np.ones((3, 3), bool)
    return [Case(_tokens(rng, 4, 3, dead=1), "an event that nothing may follow"),
            Case(_tokens(rng, 5, 4, dead=3), "three such events"),
            Case(never, "an event whose allowed words have no chance"),
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
        Mistake("not_a_number", _not_a_number,
                "a dead end has no chance left to divide by: its chances are 0"),
        Mistake("allowed_is_enough", _allowed_is_enough,
                "a chance of 0 counts as barred: a first token whose allowed seconds all have no "
                "chance is a dead end"),
        Mistake("not_normalised", _raw_both, "chances add up to 1: divide by what is left"),
        Mistake("retried_raw", _wrong_barred(retried="raw"),
                "what retrying ends with adds up to 1: divide by the chance of a valid message"),
        Mistake("even", _wrong_barred(masked="even"),
                "what is barred is not dealt evenly: allowed tokens keep their proportions"),
        Mistake("swapped", _wrong_barred(swapped=True), "masked first, retried second"),
    ],
)  # fmt: skip

CHECKS = [ATTEND, BARRED]
