"""Which submissions agree in ways that chance does not explain, and where: pairs to look at.

Compared are the answers and the cells a student added, by fingerprints (see `fingerprint`). What
stands in the released notebook, in the model solution or in many submissions tells nothing and is
left out; what few have counts the more the fewer have it. A short answer has few rare
fingerprints and gives no verdict. The result is an invitation to read two answers side by side,
never a finding: people who learnt together write alike, and so do people with the same textbook.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from lobsim.course.fingerprint import code_prints, names_bound, prose_prints

MANY, MANY_SHARE = 4, 0.2  # what at least 4 and more than a fifth of a class wrote is common
AGREES, RUNS = 0.3, 12  # share and number of rare runs from which a pair is shown
PIECE_AGREES = 0.6  # the share within one answer from which that alone is enough
TRACES = 2  # so many rare wrong results in common are worth a look by themselves
CODE, TEXT = "code", "text"


@dataclass(frozen=True)
class Piece:
    """One cell of a submission: its name, ``"code"`` or ``"text"``, and its source."""

    name: str
    kind: str
    source: str


@dataclass(frozen=True)
class Work:
    """What is compared of one submission.

    Attributes
    ----------
    student : str
    pieces : tuple of Piece
    traces : frozenset of str
        Other things that seldom agree by chance, in words: wrong results, ids of added cells.
    """

    student: str
    pieces: tuple[Piece, ...]
    traces: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Passage:
    """Two pieces that agree, with the agreeing lines (from 1) of each.

    ``runs`` counts the rare runs in common, ``share`` weighs them as in `Pair`, of these two only.
    """

    first: Piece
    second: Piece
    first_lines: frozenset[int]
    second_lines: frozenset[int]
    runs: int
    share: float


@dataclass
class Pair:
    """Two submissions worth reading side by side.

    Attributes
    ----------
    first, second : str
        Students, in alphabetical order.
    code, text : float or None
        Share of the rare runs of the one with fewer that the other has too, weighted by rarity,
        0 to 1; None where there are too few for a verdict.
    runs : int
        Rare runs in common, code and text.
    evidence : float
        By which pairs are ordered: the weight of what they share (a run that k of n students have
        weighs ``log((n + 1) / k)``) times the share.
    passages : list of Passage
        Where they agree, the longest first.
    traces : list of str
        Rare wrong results and the like that both have.
    """

    first: str
    second: str
    code: float | None = None
    text: float | None = None
    runs: int = 0
    evidence: float = 0.0
    passages: list[Passage] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)


@dataclass
class Comparison:
    """Outcome of `compare`: pairs, and how many submissions had too little of their own."""

    pairs: list[Pair]
    compared: int
    too_short: int


@dataclass
class _Side:
    """Fingerprints of one kind of one work: hash -> (piece, first line, last line)."""

    places: dict[int, tuple[int, int, int]]

    def weight(self, rarity: Mapping[int, float], piece: int | None = None) -> float:
        """Of all rare fingerprints, or of those in one piece."""
        return sum(rarity.get(value, 0.0) for value, place in self.places.items()
                   if piece is None or place[0] == piece)


def compare(works: Sequence[Work], given: Iterable[Piece] = (), most: int = 20) -> Comparison:
    """The pairs of submissions that agree most, strongest first.

    Parameters
    ----------
    works : sequence of Work
        One for each student.
    given : iterable of Piece
        What everybody was given or may know: the released cells, the model solution.
    most : int
        So many pairs at most.

    Returns
    -------
    Comparison
    """
    given = list({(piece.kind, piece.source): piece for piece in given}.values())
    sides = {kind: [_side(work, kind, given) for work in works] for kind in (CODE, TEXT)}
    known = {kind: _hashes(given, kind) for kind in (CODE, TEXT)}
    pairs: dict[tuple[int, int], Pair] = {}
    enough: set[int] = set()
    for kind in (CODE, TEXT):
        rarity = _rarity([side.places for side in sides[kind]], known[kind], len(works))
        weights = [side.weight(rarity) for side in sides[kind]]
        enough |= {i for i, side in enumerate(sides[kind])
                   if sum(value in rarity for value in side.places) >= RUNS}
        for (a, b), values in _common(sides[kind], rarity).items():
            if len(values) < RUNS:
                continue
            shared = sum(rarity[v] for v in values)
            share = shared / min(weights[a], weights[b])
            passages = _passages(works[a], works[b], sides[kind][a], sides[kind][b], values,
                                 rarity)
            if share < AGREES and not any(p.runs >= RUNS and p.share >= PIECE_AGREES
                                          for p in passages):
                continue
            pair = _pair(pairs, works, a, b)
            setattr(pair, "code" if kind == CODE else "text", round(share, 3))
            pair.runs += len(values)
            pair.evidence += round(share * shared, 3)
            pair.passages += passages
    _add_traces(pairs, works)
    found = sorted(pairs.values(),
                   key=lambda p: (-p.evidence, -len(p.traces), p.first, p.second))
    for pair in found:
        pair.passages.sort(key=lambda passage: -passage.runs)
    return Comparison(found[:most], len(works), len(works) - len(enough))


def common_from(students: int) -> int:
    """In a class of so many, what this number of students wrote counts as common.

    Examples
    --------
    >>> common_from(8), common_from(40)
    (4, 9)
    """
    return max(MANY, math.floor(MANY_SHARE * students) + 1)


def _side(work: Work, kind: str, given: Sequence[Piece]) -> _Side:
    released = {piece.source.strip() for piece in given if piece.kind == kind}
    own = [(number, piece) for number, piece in enumerate(work.pieces)
           if piece.kind == kind and piece.source.strip() not in released]
    names = set().union(*(names_bound(p.source) for _, p in own)) if kind == CODE else set()
    places: dict[int, tuple[int, int, int]] = {}
    for number, piece in own:
        prints = code_prints(piece.source, names) if kind == CODE else prose_prints(piece.source)
        for value, first, last in prints:
            places.setdefault(value, (number, first, last))
    return _Side(places)


def _hashes(given: Sequence[Piece], kind: str) -> set[int]:
    pieces = [piece for piece in given if piece.kind == kind]
    if kind == TEXT:
        return {p[0] for piece in pieces for p in prose_prints(piece.source)}
    names = set().union(*(names_bound(piece.source) for piece in pieces)) if pieces else set()
    return {p[0] for piece in pieces for p in code_prints(piece.source, names, every=True)}


def _rarity(places: list[dict[int, tuple[int, int, int]]], known: set[int],
            students: int) -> dict[int, float]:
    """Weight of each fingerprint that is neither given nor common: the rarer, the heavier."""
    having = Counter(value for own in places for value in own)
    limit = common_from(students)
    return {value: math.log((students + 1) / count) for value, count in having.items()
            if value not in known and count < limit}


def _common(sides: list[_Side], rarity: Mapping[int, float]) -> dict[tuple[int, int], list[int]]:
    """Pair of works -> the rare fingerprints both have, by an index from fingerprint to works."""
    index: dict[int, list[int]] = defaultdict(list)
    for number, side in enumerate(sides):
        for value in side.places:
            if value in rarity:
                index[value].append(number)
    common: dict[tuple[int, int], list[int]] = defaultdict(list)
    for value, having in index.items():
        for pair in combinations(having, 2):
            common[pair].append(value)
    return common


def _pair(pairs: dict[tuple[int, int], Pair], works: Sequence[Work], a: int, b: int) -> Pair:
    if (a, b) not in pairs:
        first, second = sorted((works[a].student, works[b].student))
        pairs[a, b] = Pair(first, second)
    return pairs[a, b]


def _passages(a: Work, b: Work, side_a: _Side, side_b: _Side, values: Iterable[int],
              rarity: Mapping[int, float]) -> list[Passage]:
    """The agreeing fingerprints by the pieces they stand in."""
    if a.student > b.student:
        a, b, side_a, side_b = b, a, side_b, side_a
    grouped: dict[tuple[int, int], list[int]] = defaultdict(list)
    for value in values:
        grouped[side_a.places[value][0], side_b.places[value][0]].append(value)
    found = []
    for (i, j), inside in grouped.items():
        whole = min(side_a.weight(rarity, i), side_b.weight(rarity, j))
        found.append(Passage(a.pieces[i], b.pieces[j], _lines(side_a, inside),
                             _lines(side_b, inside), len(inside),
                             round(sum(rarity[v] for v in inside) / whole, 3)))
    return found


def _lines(side: _Side, values: Iterable[int]) -> frozenset[int]:
    return frozenset(line for value in values
                     for line in range(side.places[value][1], side.places[value][2] + 1))


def _add_traces(pairs: dict[tuple[int, int], Pair], works: Sequence[Work]) -> None:
    having: dict[str, list[int]] = defaultdict(list)
    for number, work in enumerate(works):
        for trace in work.traces:
            having[trace].append(number)
    limit = common_from(len(works))
    common: dict[tuple[int, int], list[str]] = defaultdict(list)
    for trace, numbers in sorted(having.items()):
        if len(numbers) < limit:
            for pair in combinations(numbers, 2):
                common[pair].append(trace)
    for (a, b), traces in common.items():
        if (a, b) in pairs or len(traces) >= TRACES:
            _pair(pairs, works, a, b).traces = traces
