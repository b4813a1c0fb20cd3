"""Copies stand out among answers that were written independently, and nobody else is named."""

import json
import random
import re
from itertools import combinations

import pytest
import similar_answers
from made_up_class import judged

from lobsim.course.declare import load_checks
from lobsim.course.fingerprint import code_prints, code_tokens, prose_prints, winnow
from lobsim.course.similarity import AGREES, CODE, RUNS, TEXT, Piece, Work, common_from, compare

LESSON = "01_implementation_shortfall"


@pytest.fixture(scope="module")
def given(repo) -> list[Piece]:
    """What everybody was given, and the model solution."""
    cells = []
    for side in ("lessons", "solutions"):
        path = repo / side / LESSON / f"{LESSON}.ipynb"
        cells += json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [Piece("", CODE if cell["cell_type"] == "code" else TEXT, "".join(cell["source"]))
            for cell in cells]


def work(student: str, sources: dict[str, str], kind: str = CODE, **more) -> Work:
    return Work(student, tuple(Piece(name, kind, text) for name, text in sources.items()), **more)


def everybody() -> list[Work]:
    copies = {student: sources for student, (_, sources) in similar_answers.COPIES.items()}
    return [work(student, sources)
            for student, sources in {**similar_answers.INDEPENDENT, **copies}.items()]


def test_all_answers_of_this_test_are_right(repo):
    checks = {check.name: check for check in load_checks(repo / "solutions" / LESSON)}
    copies = {student: sources for student, (_, sources) in similar_answers.COPIES.items()}
    for student, sources in {**similar_answers.INDEPENDENT, **copies}.items():
        for name, source in sources.items():
            result = judged(source, checks[name], LESSON, student)
            assert result.earned == result.points, (student, name, result.text())


def test_planted_copies_are_named_and_independent_answers_are_not(given):
    found = compare(everybody(), given)
    named = {(pair.first, pair.second) for pair in found.pairs}
    planted = {tuple(sorted((copy, source)))
               for copy, (source, _) in similar_answers.COPIES.items()}
    # one exercise of jo's is word for word fay's: that alone is worth a look, and comes last
    assert named == planted | {("fay", "jo")}
    assert [{p.first, p.second} for p in found.pairs][-1] == {"fay", "jo"}


def test_independent_answers_stay_far_below_the_threshold(given, monkeypatch):
    from lobsim.course import similarity

    monkeypatch.setattr(similarity, "AGREES", 0.0)
    monkeypatch.setattr(similarity, "RUNS", 1)
    works = [work(s, sources) for s, sources in similar_answers.INDEPENDENT.items()]
    shares = [pair.code for pair in compare(works, given, most=100).pairs]
    assert shares and max(shares) < AGREES / 2


@pytest.mark.parametrize("change", ["names", "comments", "layout", "cells", "own_cell"])
def test_a_disguise_changes_nothing_essential(given, change):
    sources = dict(similar_answers.INDEPENDENT["hal"])
    if change == "names":
        for old, new in (("half", "a1"), ("position", "b2"), ("quote_rule", "c3"), ("steps", "d4"),
                         ("tick_rule", "e5"), ("undecided", "f6"), ("shares", "g7"),
                         ("marks", "h8"), ("everything", "i9"), ("quoted", "j0")):
            sources = {n: re.sub(rf"\b{old}\b", new, s) for n, s in sources.items()}
    elif change == "comments":
        sources = {n: s.replace("\n    ", "\n    # a remark\n    ") for n, s in sources.items()}
    elif change == "layout":
        sources = {n: s.replace(" = ", "=").replace("    ", "  ").replace(", ", ",\n      ", 3)
                   for n, s in sources.items()}
    elif change == "cells":
        sources = dict(reversed(sources.items()))
    elif change == "own_cell":
        sources = {f"helper_{n}": s for n, s in sources.items()}
    others = [w for w in everybody() if w.student in similar_answers.INDEPENDENT]
    best = compare([*others, work("zoe", sources)], given).pairs[0]
    assert (best.first, best.second) == ("hal", "zoe") and best.code > 0.9


def test_what_was_given_or_many_wrote_is_no_evidence(given):
    solution = {f"cell_{i}": p.source for i, p in enumerate(given) if p.kind == CODE}
    assert compare([work("ada", solution), work("bo", solution)], given).pairs == []
    hal = similar_answers.INDEPENDENT["hal"]
    crowd = [work(f"student {i}", hal) for i in range(common_from(5))]
    assert compare([*crowd, work("zoe", similar_answers.INDEPENDENT["cy"])], given).pairs == []
    assert len(compare(crowd[:2], given).pairs) == 1


def test_short_answers_give_no_verdict():
    short = {"double": "def double(x):\n    return x + x - 0 * abs(x)"}
    found = compare([work("ada", short), work("bo", short)])
    assert found.pairs == [] and found.too_short == 2


def test_written_answers_are_compared_by_their_words():
    own = ["The realised spread stays below the effective one because prices move against the "
           "maker, who pays for what the informed buyer knew a minute before.",
           "Waiting cost us most. While the order lay on the desk the offer rose by four cents, "
           "and every share we bought later carried that rise with it.",
           "I would blame the size of the last slice, which emptied two levels of the book and "
           "printed far above the middle that we had seen at the start."]
    copied = own[1].replace("us", "our fund", 1).upper().replace(",", " -")
    works = [work(f"student {i}", {"why": text}, TEXT) for i, text in enumerate([*own, copied])]
    question = [Piece("", TEXT, "Why is the realised spread below the effective one?")]
    found = compare(works, question)
    assert [(p.first, p.second) for p in found.pairs] == [("student 1", "student 3")]
    assert found.pairs[0].text > 0.7 and found.pairs[0].code is None


def test_rare_wrong_results_in_common_are_worth_a_look():
    traces = frozenset({"vwap, three fills: 17.35512", "spread, one day: 0.019224"})
    works = [work(name, {"a": f"a_{name} = 1"}, traces=t)
             for name, t in (("ada", traces), ("bo", traces), ("cy", frozenset(list(traces)[:1])))]
    pairs = compare(works).pairs
    assert [(p.first, p.second, len(p.traces)) for p in pairs] == [("ada", "bo", 2)]


def test_the_agreeing_lines_are_shown_on_both_sides(given):
    pair = next(p for p in compare(everybody(), given).pairs if p.first == "hal")
    for passage in pair.passages:
        lines = passage.second.source.splitlines()
        marked = [lines[n - 1] for n in passage.second_lines]
        assert marked and not any("first the distance" in line for line in marked[:1])
    both = {(p.first.name, p.second.name) for p in pair.passages}
    assert both == {("sign_trades", "sign_trades"), ("shortfall", "shortfall")}


def test_the_order_of_the_class_does_not_matter(given):
    works = everybody()
    first = compare(works, given).pairs
    random.Random(3).shuffle(works)
    again = compare(works, given).pairs
    assert [(p.first, p.second, p.code, p.runs) for p in first] == \
        [(p.first, p.second, p.code, p.runs) for p in again]


def test_what_cannot_be_parsed_is_compared_all_the_same():
    broken = similar_answers.INDEPENDENT["cy"]["sign_trades"] + "    if so:\n"
    renamed = re.sub(r"\banswers\b", "res", re.sub(r"\bprice\b", "p", broken))
    a, b = ({p[0] for p in code_prints(source)} for source in (broken, renamed))
    assert len(a & b) > 0.9 * len(a)
    assert code_prints("%matplotlib inline\n!ls\n") == []
    assert code_prints("x = " + "(" * 5000) is not None


def test_a_long_enough_agreement_always_leaves_a_common_fingerprint():
    # the guarantee of winnowing: an agreement of window + length - 1 tokens is never missed
    rng = random.Random(1)
    for _ in range(200):
        shared = [(str(rng.randrange(10**9)), 1) for _ in range(10)]
        a = [(str(rng.randrange(10**9)), 1) for _ in range(rng.randrange(30))]
        b = [(str(rng.randrange(10**9)), 1) for _ in range(rng.randrange(30))]
        both = [{p[0] for p in winnow(tokens, 7, 4)}
                for tokens in ([*a, *shared, *b], [*b, *shared, *a])]
        assert both[0] & both[1]


def test_one_meaning_has_one_form():
    same = ["x += 1", "y = y + 1.0", "total: int = total + 1"]
    assert len({tuple(t for t, _ in code_tokens(source)) for source in same}) == 1
    assert [t for t, _ in code_tokens("a = 1\nb = 2\na > b")][-3:] == ["v", "<", "v"]
    assert prose_prints("one TWO, three; four: five") == prose_prints("One two three four five")


def test_a_class_of_200_is_compared_through_an_index_and_not_pair_by_pair(given, monkeypatch):
    # counted, not timed: the work that grows with pairs is done only for pairs with something rare
    from lobsim.course import similarity

    built = []
    original = similarity._passages
    monkeypatch.setattr(similarity, "_passages",
                        lambda *args: built.append(1) or original(*args))
    rng = random.Random(7)
    pool = list(similar_answers.INDEPENDENT.values())
    works = [work(f"student {i}", {name: rng.choice(pool)[name] for name in pool[0]})
             for i in range(198)]
    works += [work("copied", similar_answers.COPIES["jo"][1]),
              work("copier", similar_answers.COPIES["jo"][1])]
    found = compare(works, given, most=5)
    assert (found.pairs[0].first, found.pairs[0].second) == ("copied", "copier")
    assert found.compared == 200 and RUNS > 1
    assert len(built) < 0.5 * len(list(combinations(works, 2)))
