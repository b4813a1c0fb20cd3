"""The class report as one HTML page: no script, nothing loaded, readable offline and on paper."""

from __future__ import annotations

import html
import statistics
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from lobsim.course.class_plots import legend, marks_histogram, outcome_bars
from lobsim.course.class_report import (
    ClassNumbers,
    ExerciseNumbers,
    LessonNumbers,
    histogram,
)
from lobsim.course.similarity import AGREES, RUNS, Pair, Passage, Piece, common_from

_HARDEST = 12
_PASSAGES = 3  # shown of one pair
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; --warn: #b35900; --link: #0067a8; }
@media (prefers-color-scheme: dark) { :root { --warn: #ffb454; --link: #6fc3ff; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.4rem; margin: 0 0 .3rem; }
h3 { font-size: 1.1rem; margin: 1.8rem 0 .3rem; } p { margin: .4rem 0; max-width: 50rem; }
a { color: var(--link); }
header { border-bottom: 3px solid var(--line); padding-bottom: .8rem; margin-bottom: 1rem; }
section.lesson { border-top: 3px solid var(--line); margin-top: 2.5rem; padding-top: 1.2rem; }
table { border-collapse: collapse; margin: .4rem 0; }
caption { text-align: left; font-size: .88rem; opacity: .8; padding-bottom: .2rem; }
th, td { text-align: left; padding: .25rem 1.1rem .25rem 0; vertical-align: top;
         border-bottom: 1px solid var(--line); }
thead th { font-size: .88rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tbody th { font-weight: 400; }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem; list-style: none; padding: 0;
         margin: .8rem 0; }
.tiles li { background: var(--soft); border-radius: 8px; padding: .5rem .9rem; min-width: 6.5rem; }
.tiles b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.tiles li.look { outline: 2px solid var(--warn); }
.note { font-size: .9rem; opacity: .85; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem;
          font-size: .9rem; margin: .2rem 0 .5rem; }
.swatch { display: inline-block; width: .9em; height: .9em; border-radius: 2px; margin-right: .4em;
          vertical-align: -.1em; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
svg { max-width: 44rem; width: 100%; height: auto; display: block; }
svg rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.wide { overflow-x: auto; }
details { margin: .4rem 0; } summary { cursor: pointer; }
.pair { border: 1px solid var(--line); border-radius: 8px; padding: .6rem .9rem; margin: .7rem 0; }
.pair summary { font-weight: 600; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; }
.two > div { min-width: 0; }
pre { background: var(--soft); border-radius: 6px; padding: .5rem; margin: .1rem 0 .6rem;
      font: 12.5px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
pre mark { background: #f0e44266; color: inherit; display: block; box-shadow: -4px 0 0 #b87700; }
.names { font-size: .9rem; }
@media (max-width: 45rem) { .two { grid-template-columns: 1fr; } }
@media print { body { max-width: none; font-size: 11pt; } section.lesson { break-before: page; }
  svg, table, .pair { break-inside: avoid; } a { color: inherit; text-decoration: none; } }
"""


def class_page(numbers: ClassNumbers, feedback_at: str | None = None) -> str:
    """The whole page.

    Parameters
    ----------
    numbers : ClassNumbers
    feedback_at : str, optional
        Where the course folder is, seen from the page ("../"); None for no links to feedback.
    """
    body = [_overview(numbers.lessons)] if numbers.lessons else [
        "<p>Nothing has been graded yet: <code>lobsim grade SUBMISSIONS</code>.</p>"]
    body += [_lesson(lesson, feedback_at) for lesson in numbers.lessons]
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>Class report</title>", f"<style>{_STYLE}</style></head><body>",
        "<header><h1>Class report</h1><p class=\"note\">For the instructor: it names students. "
        "Marks are what the gradebook holds now, late penalties taken off.</p></header>",
        *body, "</body></html>", ""])


def _e(text: object) -> str:
    return html.escape(str(text), quote=True)


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]],
           numeric: Iterable[int] = ()) -> str:
    """A table; the first cell of a row is its head. Cells are HTML already."""
    right = set(numeric)
    kinds = ['class="n" ' if i in right else "" for i in range(len(head))]
    top = "".join(f'<th {kind}scope="col">{_e(text)}</th>'
                  for kind, text in zip(kinds, head, strict=True))
    lines = []
    for row in rows:
        cells = [f'<th scope="row">{row[0]}</th>']
        cells += [f"<td {kind}>{cell}</td>".replace(" >", ">")
                  for kind, cell in zip(kinds[1:], row[1:], strict=True)]
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return (f'<div class="wide"><table><caption>{_e(caption)}</caption><thead><tr>{top}</tr>'
            f"</thead><tbody>{''.join(lines)}</tbody></table></div>")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}".replace("%", " %")


def _number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}".replace("-", "\u2212")


def _points(value: float) -> str:
    return f"{round(value, 2):g}"


# ---------------------------------------------------------------------------------- overview


def _overview(lessons: Sequence[LessonNumbers]) -> str:
    rows = []
    for one in lessons:
        marks = list(one.totals.values())
        rows.append([f'<a href="#{_e(one.name)}">{_e(one.title)}</a>', str(len(one.students)),
                     f"{_points(statistics.mean(marks))} of {one.points:g}",
                     f"{_points(statistics.median(marks))}", str(len(one.late)),
                     str(len(one.broken)), str(len(one.unfinished)),
                     str(len(one.comparison.pairs))])
    return _table("All graded lessons", ["Lesson", "Handed in", "Mean", "Median", "Late",
                                         "With problems", "To mark by hand", "Alike"],
                  rows, range(1, 8))


def _lesson(one: LessonNumbers, feedback_at: str | None) -> str:
    def who(student: str) -> str:
        page = one.pages.get(student, "")
        if feedback_at is None or not page:
            return _e(student)
        return f'<a href="{_e(feedback_at + quote(page))}">{_e(student)}</a>'

    shares = [total / one.points if one.points else 0.0 for total in one.totals.values()]
    median = round(statistics.median(one.totals.values()), 2)
    parts = [
        f'<section class="lesson" id="{_e(one.name)}"><h2>{_e(one.title)}</h2>',
        f'<p class="note">{_e(one.name)}{"; due " + _e(one.due) if one.due else ""}</p>',
        _tiles(one), "<h3>Marks</h3>",
        marks_histogram(histogram(shares), one.points, median, f"marks-{_e(one.name)}"),
        _spread(one), "<h3>Exercises</h3>", legend(),
        outcome_bars([(e.title, _outcomes(e)) for e in one.exercises], f"bars-{_e(one.name)}"),
        _exercises(one.exercises), "<h3>Hardest checks</h3>", _hardest(one),
        "<h3>Most frequent wrong answers</h3>", _mistakes(one, who),
        "<h3>To mark by hand</h3>", _waiting(one, who),
        "<h3>Late, broken, stopped, missing</h3>", _trouble(one, who),
        "<h3>Alike: look at these</h3>", _alike(one, who), "</section>"]
    return "\n".join(parts)


def _tiles(one: LessonNumbers) -> str:
    tiles = [(f"{len(one.students)}", "handed in", False),
             (f"{len(one.missing)}", "not yet", False),
             (f"{len(one.late)}", "late", False),
             (f"{len(one.broken)}", "with problems", bool(one.broken)),
             (f"{len(one.stopped)}", "stopped for time", bool(one.stopped)),
             (f"{len(one.unfinished)}", "to mark by hand", bool(one.unfinished)),
             (f"{len(one.comparison.pairs)}", "alike pairs", bool(one.comparison.pairs))]
    return '<ul class="tiles">' + "".join(
        f'<li{" class=look" if look else ""}><b>{number}</b>{words}</li>'
        for number, words, look in tiles) + "</ul>"


def _spread(one: LessonNumbers) -> str:
    marks = sorted(one.totals.values())
    text = f"Mean {_points(statistics.mean(marks))}"
    if len(marks) > 3:
        low, _, high = statistics.quantiles(marks, n=4, method="inclusive")
        text += (f"; the middle half has {_points(low)} to {_points(high)}; "
                 f"lowest {_points(marks[0])}, highest {_points(marks[-1])}")
    if one.unfinished:
        text += (f". {len(one.unfinished)} of {len(marks)} marks still lack what is marked by "
                 "hand and will rise")
    return f"<p>{text}.</p>"


def _outcomes(e: ExerciseNumbers) -> dict[str, int]:
    return {"full": e.full, "part": e.part, "none": e.none, "blank": e.blank,
            "waiting": e.waiting}


def _exercises(exercises: Sequence[ExerciseNumbers]) -> str:
    rows = [[_e(e.title) + (" (by hand)" if e.manual else ""), f"{e.points:g}",
             _percent(e.mean_share), str(e.full), str(e.part), str(e.none), str(e.blank),
             str(e.waiting), _number(e.discrimination)] for e in exercises]
    return _table(
        "Discrimination: correlation with the rest of the mark. Near 0, the exercise does not "
        "tell strong from weak; below 0, look at the exercise itself.",
        ["Exercise", "Points", "Mean", "Full", "Some", "None", "Blank", "To mark",
         "Discrimination"], rows, range(1, 9))


def _hardest(one: LessonNumbers) -> str:
    hard = [part for part in one.parts if part.passed < part.tried][:_HARDEST]
    if not hard:
        return "<p>Everybody who tried passed every check.</p>"
    rows = [[f"{_e(p.exercise)} · {_e(p.name)}", "visible" if p.visible else "hidden",
             _e(p.category), f"{p.points:g}", f"{p.passed} of {p.tried}",
             _percent(p.pass_share), _number(p.discrimination)] for p in hard]
    return _table("Parts of checks that the fewest passed, of those who tried the exercise",
                  ["Check and part", "Cases", "Kind", "Points", "Passed", "Share",
                   "Discrimination"], rows, (3, 4, 5, 6))


def _names(students: Sequence[str], who) -> str:
    listed = ", ".join(who(student) for student in students)
    if len(students) <= 3:
        return f'<span class="names">{listed}</span>'
    return f'<details class="names"><summary>{len(students)} students</summary>{listed}</details>'


def _mistakes(one: LessonNumbers, who) -> str:
    out = []
    if one.mistakes:
        rows = [[f"{_e(m.exercise)}: <code>{_e(m.name)}</code>", str(len(m.students)),
                 _e(m.message), _names(m.students, who)] for m in one.mistakes]
        out.append(_table("Known mistakes that were recognised, and what the student is told",
                          ["Mistake", "Students", "Message", "Who"], rows, (1,)))
    else:
        out.append("<p>No known mistake was recognised.</p>")
    if one.unnamed:
        rows = [[_e(m.exercise), str(len(m.students)), _names(m.students, who)]
                for m in one.unnamed]
        out.append(_table("Wrong answers without a name: read some, and declare what recurs as a "
                          "mistake", ["Exercise", "Students", "Who"], rows, (1,)))
    return "".join(out)


def _waiting(one: LessonNumbers, who) -> str:
    if not one.waiting:
        return "<p>Nothing waits.</p>"
    titles = {e.name: e.title for e in one.exercises}
    rows = [[_e(titles.get(name.removeprefix("check_"), name)), str(len(students)),
             _names(students, who)] for name, students in sorted(one.waiting.items())]
    return (_table("Mark these in formgrader: jupyter lab in the course's folder, then "
                   "Nbgrader > Formgrader", ["Exercise", "Students", "Who"], rows, (1,)))


def _trouble(one: LessonNumbers, who) -> str:
    out = []
    for caption, rows in (
            ("Late", [[who(s), _e(words)] for s, words in one.late]),
            ("What was wrong with a submission; the rest of it was marked",
             [[who(s), _lines(texts)] for s, texts in one.broken]),
            ("Stopped for time", [[who(s), _lines(texts)] for s, texts in one.stopped])):
        if rows:
            out.append(_table(caption, ["Student", "What"], rows))
    if one.missing:
        listed = ", ".join(_e(student) for student in one.missing)
        out.append(f"<details><summary>In the gradebook without a hand-in: {len(one.missing)}"
                   f"</summary>{listed}</details>")
    return "".join(out) or "<p>Nothing to report.</p>"


def _lines(texts: Sequence[str]) -> str:
    return "<br>".join(_e(text) for text in texts)


# ---------------------------------------------------------------------------------- similarity


def _alike(one: LessonNumbers, who) -> str:
    compared = one.comparison
    common = common_from(compared.compared)
    out = [
        '<p class="note">Compared are answers and added cells, whatever the names, comments and '
        "order. Left out is what everybody was given, what the model solution says, and what "
        f"{common} or more students wrote. A pair is listed where at least {RUNS} rare runs of "
        f"words or code agree, and {_percent(AGREES)} of what is rare in the shorter one. "
        f"{compared.too_short} of {compared.compared} submissions have too little of their own "
        "for a verdict. Agreement has many causes, working together among them: read the two "
        "and talk with both before you conclude anything.</p>"]
    if not compared.pairs:
        out.append("<p>No pair stands out.</p>")
    out += [_pair(pair, who) for pair in compared.pairs]
    return "".join(out)


def _pair(pair: Pair, who) -> str:
    said = []
    if pair.code is not None:
        said.append(f"{_percent(pair.code)} of rare code")
    if pair.text is not None:
        said.append(f"{_percent(pair.text)} of rare wording")
    if pair.traces:
        said.append(f"{len(pair.traces)} wrong result{'s' if len(pair.traces) > 1 else ''} "
                    "in common")
    traces = ""
    if pair.traces:
        items = "".join(f"<li>{_e(trace)}</li>" for trace in pair.traces)
        traces = f"<p>The same wrong result, which no known mistake explains:</p><ul>{items}</ul>"
    shown = "".join(_passage(pair, passage) for passage in pair.passages[:_PASSAGES])
    left = len(pair.passages) - _PASSAGES
    more = f'<p class="note">and in {left} more cells</p>' if left > 0 else ""
    return (f'<details class="pair"><summary>{_e(pair.first)} and {_e(pair.second)}: '
            f'{", ".join(said)}</summary><p class="names">Feedback pages: {who(pair.first)}, '
            f"{who(pair.second)}</p>{traces}{shown}{more}</details>")


def _passage(pair: Pair, passage: Passage) -> str:
    sides = ((pair.first, passage.first, passage.first_lines),
             (pair.second, passage.second, passage.second_lines))
    return '<div class="two">' + "".join(
        f"<div><div class=\"names\">{_e(student)}: {_e(piece.name)}</div>"
        f"{_marked(piece, lines)}</div>" for student, piece, lines in sides) + "</div>"


def _marked(piece: Piece, lines: frozenset[int]) -> str:
    """The source with the agreeing lines marked."""
    out: list[str] = []
    inside = False
    for number, line in enumerate(piece.source.splitlines(), 1):
        if (number in lines) != inside:
            inside = not inside
            out.append("<mark>" if inside else "</mark>")
        out.append(_e(line) + "\n")
    return "<pre>" + "".join(out) + ("</mark>" if inside else "") + "</pre>"
