"""Exercise 6 of lesson 02: the adjustment of the micro-price from a symmetrised chain."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

SOLVED = Tolerance(rtol=1e-6, atol=1e-8,
                   why="linear systems of ten states are solved to many more digits than six")


def _adjust(bucket, move, n, terms, *, mirror=True, mirror_move=True, still_after=True):
    start, end, step = bucket[:-1], bucket[1:], np.asarray(move, dtype=float)
    if mirror:
        start, end = (np.concatenate([x, n - 1 - x]) for x in (start, end))
        step = np.concatenate([step, -step if mirror_move else step])
    still, moved = np.zeros((n, n)), np.zeros((n, n))
    np.add.at(still, (start[step == 0], end[step == 0]), 1.0)
    np.add.at(moved, (start[step != 0], end[step != 0]), 1.0)
    seen = (still + moved).sum(axis=1)
    q, t = still / seen[:, None], moved / seen[:, None]
    r = np.bincount(start, weights=step, minlength=n) / seen
    term = np.linalg.solve(np.eye(n) - q, r)
    b = np.linalg.solve(np.eye(n) - q, t) if still_after else t
    total = np.zeros(n)
    for _ in range(terms):
        total, term = total + term, b @ term
    return total


def reference_adjustment(bucket, move, n, terms):
    found = _adjust(bucket, move, n, terms)
    return (found - found[::-1]) / 2  # mirror images to the last digit: a middle bucket shows 0


def _unmirrored(bucket, move, n, terms):
    return _adjust(bucket, move, n, terms, mirror=False)


def _move_unmirrored(bucket, move, n, terms):
    return _adjust(bucket, move, n, terms, mirror_move=False)


def _first_only(bucket, move, n, terms):
    return _adjust(bucket, move, n, 1)


def _step_for_law(bucket, move, n, terms):
    return _adjust(bucket, move, n, terms, still_after=False)


def _one_more(bucket, move, n, terms):
    return _adjust(bucket, move, n, terms + 1)


def _step_not_first_move(bucket, move, n, terms):
    """r in place of G1: the expected move of one step, not of the first move."""
    start = np.concatenate([bucket[:-1], n - 1 - bucket[:-1]])
    step = np.concatenate([move, -np.asarray(move)])
    return np.bincount(start, weights=step, minlength=n) / np.bincount(start, minlength=n)


# From bucket 1: twice still to itself, once +1 to itself, once still to bucket 0.
BY_HAND = {"bucket": np.array([1, 1, 1, 1, 0]), "move": np.array([0.0, 0.0, 1.0, 0.0]), "n": 2}


def walk(rng, n, steps):
    """A path of buckets whose mid tends to go where they lean; each bucket moves sometimes."""
    bucket, path, moves = n // 2, [n // 2], []
    for _ in range(steps):
        lean = (2 * bucket + 1 - n) / n
        if rng.random() < 0.15 + 0.35 * abs(lean):
            up = rng.random() < 0.5 + 0.45 * lean
            moves.append(float(rng.choice([0.5, 1.0])) * (1 if up else -1))
            bucket = int(rng.integers(0, n))
        else:
            moves.append(0.0)
            bucket = int(np.clip(bucket + rng.integers(-1, 2), 0, n - 1))
        path.append(bucket)
    return {"bucket": np.array(path), "move": np.array(moves), "n": n}


def random_walks(rng):
    return [Case({**walk(rng, n, 900), "terms": terms}, f"{n} buckets, {terms} terms")
            for n, terms in ((5, 6), (8, 3))]


MICRO_ADJUSTMENT = Check(
    name="micro_adjustment",
    title="The adjustment of the micro-price",
    kind="function",
    reference=reference_adjustment,
    tolerance=SOLVED,
    reread='"The micro-price": the chain of two buckets worked by hand',
    parts=[
        Part("two buckets by hand", 2.0, [
            Case({**BY_HAND, "terms": 1}, "the first term: -1/3 and 1/3"),
            Case({**BY_HAND, "terms": 60}, "the limit: -1/2 and 1/2"),
        ], True, category="worked example", partial=True),
        Part("three buckets", 1.0, [
            Case({"bucket": np.array([0, 1, 2, 1, 0, 2, 0, 1, 1]),
                  "move": np.array([0.0, 0.5, 1.0, 0.0, -1.0, 0.5, 0.0, -0.5]), "n": 3, "terms": 4},
                 "half ticks move, too")], True, category="worked example"),
        Part("paths of your own", 3.0, random_walks, False, category="other numbers",
             partial=True),
    ],
    mistakes=[
        Mistake("unmirrored", _unmirrored,
                "the mirror images are missing: to each step add the one with bid and ask swapped"),
        Mistake("move_unmirrored", _move_unmirrored,
                "you mirror the buckets but not the moves; in the mirror a rise is a fall"),
        Mistake("step_not_first_move", _step_not_first_move,
                "this is the expected move of one step; steps without a move lead on to others: "
                "solve (1 - Q) G1 = r"),
        Mistake("first_only", _first_only,
                "you return only G1; the book is left in some bucket by the first move, and the "
                "later terms say what happens there"),
        Mistake("step_for_law", _step_for_law,
                "your later terms multiply by T, the law of one step; B is the law of the first "
                "move, so steps without a move lead on to it, too: B = (1 - Q)^-1 T"),
        Mistake("one_more", _one_more, "you add one term too many: the first term is G1 itself"),
    ],
)

CHECKS = [MICRO_ADJUSTMENT]
