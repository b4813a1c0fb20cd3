"""Exercises 3 and 4 of lesson 11: how far two samples lie apart, and when that is an alarm."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-7, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# -------------------------------------------------------------------------------- 3 distances


def reference_distances(reference, live, edges):
    return _distances(reference, live, edges)


def _distances(reference, live, edges, floor=True, side="left", signed=False, half=False,
               log=np.log, turned=False, ties=True, one_sided=False, mean=False, counts=False,
               empty=None):
    reference, live, edges = (np.asarray(x, dtype=float) for x in (reference, live, edges))
    least = 0.5 / max(len(reference), len(live))
    shares = []
    for own in (reference, live):
        inside = np.searchsorted(edges, own, side=side)
        share = np.bincount(inside, minlength=len(edges) + 1) / (1 if counts else len(own))
        lowest = {"own": 0.5 / len(own), "tiny": 1e-6}.get(empty, least)
        shares.append(np.maximum(share, lowest) if floor else share)
    p, q = shares[::-1] if turned else shares
    if empty == "skipped":
        p, q = (x[(p > least) & (q > least)] for x in (p, q))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = log(q / p)
        psi = np.nansum((q if half else q - p) * ratio)
    both = np.sort(np.concatenate([reference, live]))
    if not ties:  # a distribution function read between equal values
        own = np.concatenate([np.ones(len(live)) / len(live),
                              -np.ones(len(reference)) / len(reference)])
        order = np.argsort(np.concatenate([live, reference]), kind="stable")
        gap = np.cumsum(own[order])
    else:
        gap = (np.searchsorted(np.sort(live), both, side="right") / len(live)
               - np.searchsorted(np.sort(reference), both, side="right") / len(reference))
    size = gap if one_sided else np.abs(gap)
    ks = size.mean() if mean else size.max()
    return float(psi), float(ks)


def _wrong_distances(**how):
    def wrong(reference, live, edges):
        return _distances(reference, live, edges, **how)

    return wrong


def _ks_of_bins(reference, live, edges):
    psi, _ = _distances(reference, live, edges)
    shares = [np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) / len(x)
              for x in (reference, live)]
    return psi, float(np.abs(np.cumsum(shares[1] - shares[0])).max())


def _samples(rng, n, m, shift, scale=1.0, bins=5):
    reference = rng.normal(0, 1, n).round(2)
    live = (shift + scale * rng.normal(0, 1, m)).round(2)
    edges = np.quantile(reference, np.arange(1, bins) / bins).round(2)
    return {"reference": reference, "live": live, "edges": edges}


def other_samples(rng):
    return [Case(_samples(rng, 80, 60, -0.4), "a shift down"),
            Case(_samples(rng, 60, 90, 0.0, 1.6), "a wider spread")]


def ties_and_gaps(rng):
    few = {"reference": rng.permutation(np.repeat([1.0, 2.0, 3.0], [6, 9, 5])),
           "live": rng.permutation(np.repeat([1.0, 2.0, 3.0], [9, 4, 5])),
           "edges": np.array([1.0, 2.0])}
    return [Case(few, "three values, many ties"),
            Case(_samples(rng, 30, 40, 4.0, 0.3, bins=6), "live values in the last bin alone"),
            Case(_samples(rng, 40, 30, -3.5, 0.4, bins=6), "in the first bin alone")]


EIGHT = {"reference": np.array([1.0, 1.0, 2.0, 2.0]), "live": np.array([1.0, 2.0, 2.0, 2.0]),
         "edges": np.array([1.0])}

DISTANCES = Check(
    name="distances",
    title="PSI and KS by hand",
    reference=reference_distances,
    tolerance=EXACT,
    reread='"How far apart": eight values by hand',
    parts=[
        Part("eight values by hand", 1.0, [Case(EIGHT, "the samples above")],
             category="worked example"),
        Part("other samples", 2.0, other_samples, False, category="other numbers"),
        Part("ties and empty bins", 2.0, ties_and_gaps, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("empty", _wrong_distances(floor=False),
                "an empty bin makes the index infinite: no share below half an observation"),
        Mistake("own_half", _wrong_distances(empty="own"),
                "half an observation of the *larger* sample, the same for both sides"),
        Mistake("tiny", _wrong_distances(empty="tiny"),
                "the index depends on what an empty bin counts as: half an observation of the "
                "larger sample, 0.5 / max(n, m)"),
        Mistake("skipped", _wrong_distances(empty="skipped"),
                "a bin that is empty on one side is the strongest sign of drift: do not leave it "
                "out"),
        Mistake("right_edge", _wrong_distances(side="right"),
                "a value equal to an edge belongs to the bin below it"),
        Mistake("divergence", _wrong_distances(half=True),
                "this is one half of it, the divergence of live from reference: q - p, not q"),
        Mistake("log10", _wrong_distances(log=np.log10), "the natural logarithm"),
        Mistake("ties", _wrong_distances(ties=False),
                "equal values step together: read a distribution function after the last of them"),
        Mistake("ks_of_bins", _ks_of_bins,
                "KS looks at every value, not at the edges of bins alone"),
        Mistake("one_sided", _wrong_distances(one_sided=True),
                "KS is the largest *absolute* distance, whichever sample is above"),
        Mistake("mean", _wrong_distances(mean=True), "KS is the largest distance, not their mean"),
        Mistake("counts", _wrong_distances(counts=True),
                "shares of each sample, not counts: the samples differ in length"),
    ],
)  # fmt: skip

# ---------------------------------------------------------------------------------- 4 block_p


def reference_block_p(reference, live, length, starts_reference, starts_live):
    return _block_p(reference, live, length, starts_reference, starts_live)


def _block_p(reference, live, length, starts_reference, starts_live, centred=True, absolute=True,
             plus=True, cut=True, circle=True, strict=False, rows=False, kept="own"):
    reference, live = (np.asarray(x, dtype=float) for x in (reference, live))
    drawn = []
    for own, starts in ((reference, starts_reference), (live, starts_live)):
        n = len(own)
        at = np.asarray(starts)[:, :, None] + (0 if rows else np.arange(length))
        at = at % n if circle else np.minimum(at, n - 1)
        at = at.reshape(len(at), -1)
        mean = own[at[:, :n] if cut else at].mean(axis=1)
        drawn.append(mean - own.mean() if centred else mean)
    observed = live.mean() - reference.mean()
    null = drawn[1] - drawn[0]
    if absolute:
        observed, null = abs(observed), np.abs(null)
    if strict:
        count = (null > observed + 1e-12).sum()
    else:
        count = (null >= observed - 1e-12).sum()
    return float((plus + count) / (plus + len(null)))


def _wrong_block(**how):
    def wrong(reference, live, length, starts_reference, starts_live):
        return _block_p(reference, live, length, starts_reference, starts_live, **how)

    return wrong


def _ar1(rng, n, rho):
    x = rng.normal(size=n)
    for k in range(1, n):
        x[k] = rho * x[k - 1] + math.sqrt(1 - rho**2) * x[k]
    return x


def _drawn(rng, n, m, length, shift, draws=199, rho=0.8):
    def starts(rows):
        return rng.integers(0, rows, (draws, -(-rows // length)))

    return {"reference": _ar1(rng, n, rho).round(3), "live": (_ar1(rng, m, rho) + shift).round(3),
            "length": length, "starts_reference": starts(n), "starts_live": starts(m)}


def _clear(rng, n, m, length, low, high, shift):
    """Series whose p value lies in a range where every mistake shows."""
    while True:
        given = _drawn(rng, n, m, length, shift)
        if low < _block_p(**given) < high:
            return given


def other_series(rng):
    return [Case(_clear(rng, 120, 100, 10, 0.05, 0.9, 0.3), "blocks of 10"),
            Case(_clear(rng, 90, 150, 15, 0.05, 0.9, -0.3), "live below the reference")]


def odd_lengths(rng):
    return [Case(_clear(rng, 67, 53, 8, 0.05, 0.9, 0.2), "no whole number of blocks"),
            Case(_clear(rng, 60, 60, 1, 0.02, 0.9, 0.1), "each row a block")]


SIX = {"reference": np.array([0.0, 0.0, 2.0, 2.0]), "live": np.array([1.0, 1.0, 3.0, 3.0]),
       "length": 2, "starts_reference": np.array([[0, 2], [0, 0], [2, 3]]),
       "starts_live": np.array([[2, 0], [2, 2], [0, 1]])}

BLOCK_P = Check(
    name="block_p",
    title="A test that knows its rows have neighbours",
    reference=reference_block_p,
    tolerance=EXACT,
    reread='"When is that an alarm": three draws by hand',
    parts=[
        Part("three draws by hand", 1.0, [Case(SIX, "the draws above")],
             category="worked example"),
        Part("other series", 3.0, other_series, False, category="other numbers"),
        Part("blocks that do not fit, blocks of one row", 2.0, odd_lengths, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("rows", _wrong_block(rows=True),
                "a block is `length` rows that follow each other from its start, not one row"),
        Mistake("not_centred", _wrong_block(centred=False),
                "under the null both sides have one mean: subtract each side's own mean from what "
                "is drawn of it"),
        Mistake("one_sided", _wrong_block(absolute=False),
                "drift has two directions: compare absolute values"),
        Mistake("never_zero", _wrong_block(plus=False),
                "the data count as a draw, too: 1 + count over 1 + draws, so p is never 0"),
        Mistake("strict", _wrong_block(strict=True), "as far as the data, or farther: >="),
        Mistake("not_cut", _wrong_block(cut=False),
                "the last block may hang over: as many rows as the series has, no more"),
        Mistake("no_circle", _wrong_block(circle=False),
                "after the last row comes the first again"),
    ],
)  # fmt: skip

CHECKS = [DISTANCES, BLOCK_P]
