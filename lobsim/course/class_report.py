"""How a class did, lesson by lesson: numbers for the instructor's page, from results and gradebook.

`gather` collects, `write_class_report` puts the page into ``grading/report.html``. It is written
anew only when a result, a mark, the roster, a due date or a lesson changed.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from lobsim.course import times
from lobsim.course.gradebook import CourseGradebook, Marks
from lobsim.course.similarity import Comparison
from lobsim.course.workspace import write_atomically

PAGE = "report.html"
_VERSION = 2  # raise it when the page changes, so that it is written again
_LEAST_FOR_CORRELATION = 8
_OF_TIME = re.compile(r"was stopped after|took longer than|did not finish in time")


@dataclass
class ExerciseNumbers:
    """One marked exercise over the class.

    ``full``, ``part``, ``none``, ``blank`` and ``waiting`` count submissions; ``mean_share`` is of
    the marks given so far (None without any). ``discrimination`` is the correlation of its marks
    with the rest of the mark, None where there are too few or all alike.
    """

    name: str
    title: str
    points: float
    manual: bool
    full: int = 0
    part: int = 0
    none: int = 0
    blank: int = 0
    waiting: int = 0
    mean_share: float | None = None
    discrimination: float | None = None


@dataclass
class PartNumbers:
    """One part of a check: how many tried it, and what share of them passed it whole."""

    exercise: str
    name: str
    category: str
    visible: bool
    points: float
    tried: int
    passed: int
    discrimination: float | None

    @property
    def pass_share(self) -> float:
        return self.passed / self.tried if self.tried else math.nan


@dataclass
class MistakeNumbers:
    """A known mistake and who showed it; ``name`` is "" for wrong answers without a name."""

    exercise: str
    name: str
    message: str
    students: list[str]


@dataclass
class LessonNumbers:
    """One lesson over the class."""

    name: str
    title: str
    points: float
    students: list[str]
    missing: list[str]
    totals: dict[str, float]
    unfinished: list[str]
    late: list[tuple[str, str]]
    due: str
    broken: list[tuple[str, list[str]]]
    stopped: list[tuple[str, list[str]]]
    exercises: list[ExerciseNumbers]
    parts: list[PartNumbers]
    mistakes: list[MistakeNumbers]
    unnamed: list[MistakeNumbers]
    waiting: dict[str, list[str]]
    comparison: Comparison
    pages: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``; of pairs who and how much, without what they wrote."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "comparison"}
        for name in ("exercises", "parts", "mistakes", "unnamed"):
            plain[name] = [asdict(one) for one in plain[name]]
        plain["alike"] = [
            {"first": p.first, "second": p.second, "code": p.code, "text": p.text,
             "runs": p.runs, "traces": p.traces} for p in self.comparison.pairs]
        return plain


@dataclass
class ClassNumbers:
    """All lessons that have been graded."""

    lessons: list[LessonNumbers]


@dataclass
class _Submission:
    """What is known of one submission."""

    student: str
    result: dict
    marks: Marks


def write_class_report(root: Path | str, path: Path | str | None = None, *,
                       lessons: Sequence[str] | None = None) -> bool:
    """Write the page; True if it was written, False if it was up to date.

    Parameters
    ----------
    root : path
        The course folder.
    path : path, optional
        Where to; by default ``grading/report.html``. A given path is always written.
    lessons : sequence of str, optional
        Only these lessons (then `path` must be given).
    """
    from lobsim.course.class_page import class_page

    root = Path(root)
    book = CourseGradebook(root)
    target = Path(path) if path is not None else root / "grading" / PAGE
    stamp = root / "grading" / "report.state"
    state = _state(book, root)
    if path is None and target.is_file() and stamp.is_file() \
            and stamp.read_text(encoding="utf-8") == state:
        return False
    numbers = gather(root, book=book, lessons=lessons)
    write_atomically(target, class_page(numbers, _course_from(root, target)).encode())
    if path is None:
        write_atomically(stamp, state.encode())
    return True


def _course_from(root: Path, target: Path) -> str | None:
    """The course folder seen from the page; None where the page lies elsewhere."""
    return "../" if target.resolve().parent.parent == root.resolve() else None


def _state(book: CourseGradebook, root: Path) -> str:
    """A text that changes with everything the page shows."""
    found: list[Any] = [_VERSION]
    for lesson, path in _result_files(root):
        about = path.stat()
        found.append([lesson, path.name, about.st_size, about.st_mtime_ns])
    for lesson in sorted({lesson for lesson, _ in _result_files(root)}):
        for side in ("lessons", "solutions"):
            notebook = root / side / lesson / f"{lesson}.ipynb"
            found.append(notebook.stat().st_mtime_ns if notebook.is_file() else 0)
    database = Path(book.db_url.removeprefix("sqlite:///"))
    if database.is_file():
        about = database.stat()
        found.append([about.st_size, about.st_mtime_ns])
    else:  # a database server: what it holds has to be asked for
        lessons = sorted({lesson for lesson, _ in _result_files(root)})
        found.append(sorted(repr(marks) for marks in book.marks(lessons).values()))
    return hashlib.sha256(json.dumps(found).encode()).hexdigest() + "\n"


def _result_files(root: Path) -> list[tuple[str, Path]]:
    return sorted((path.parent.name, path)
                  for path in (root / "grading" / "results").glob("*/*.json"))


def gather(root: Path | str, *, book: CourseGradebook | None = None,
           lessons: Sequence[str] | None = None) -> ClassNumbers:
    """Numbers of every graded lesson, or of those named."""
    root = Path(root)
    book = book or CourseGradebook(root)
    found: dict[str, list[tuple[str, dict]]] = {}
    for lesson, path in _result_files(root):
        if lessons is None or lesson in lessons:
            result = _read(path)
            if result is not None:
                found.setdefault(lesson, []).append((str(result.get("student")), result))
    if not found:
        return ClassNumbers([])
    marks = book.marks(sorted(found))
    known, due = _gradebook_facts(book, sorted(found))
    numbers = []
    for lesson, results in sorted(found.items()):
        own = [_Submission(student, result, marks[student, lesson])
               for student, result in sorted(results, key=lambda r: r[0])
               if (student, lesson) in marks]
        if own:
            numbers.append(_lesson(root, book, lesson, own, known, due.get(lesson, "")))
    return ClassNumbers(numbers)


def _read(path: Path) -> dict | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and isinstance(data.get("notebook"), dict) else None


def _gradebook_facts(book: CourseGradebook,
                     lessons: list[str]) -> tuple[list[str], dict[str, str]]:
    """Everybody in the gradebook, and when each lesson is due."""
    from nbgrader.api import MissingEntry

    due: dict[str, str] = {}
    with book.open() as database:
        known = sorted(student.id for student in database.students)
        for lesson in lessons:
            try:
                moment = database.find_assignment(lesson).duedate
            except MissingEntry:
                continue
            if moment is not None:  # the gradebook keeps universal time
                due[lesson] = f"{moment:%Y-%m-%d %H:%M} UTC"
    return known, due


def _lesson(root: Path, book: CourseGradebook, lesson: str, own: list[_Submission],
            known: list[str], due: str) -> LessonNumbers:
    from lobsim.course.catalogue import lesson_info
    from lobsim.course.compare_class import compare_class

    info = lesson_info(lesson, root)
    titles = {exercise.name: exercise.title for exercise in info.exercises}
    students = [one.student for one in own]
    problems = [(one.student, [str(p) for p in one.result.get("problems", [])]) for one in own]
    return LessonNumbers(
        lesson, info.title, max(one.marks.points for one in own), students,
        [student for student in known if student not in set(students)],
        {one.student: one.marks.total for one in own},
        [one.student for one in own if one.marks.needs_manual],
        _late(own), due,
        _only(problems, lambda text: not _OF_TIME.search(text)),
        _stopped(own, problems),
        [_exercise(e, own, _untouched(info)) for e in info.exercises], _parts(own, titles),
        _mistakes(own), _unnamed(own), _waiting(own), compare_class(root, lesson, own),
        {one.student: _page(book, root, one.student, lesson) for one in own})


def _page(book: CourseGradebook, root: Path, student: str, lesson: str) -> str:
    path = book.feedback(student, lesson) / f"{lesson}.html"
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        return ""


def _late(own: list[_Submission]) -> list[tuple[str, str]]:
    found = []
    for one in own:
        words = []
        if one.marks.seconds_late > 0:
            words.append(f"{times.span(one.marks.seconds_late)} after the due date")
        if one.marks.late_penalty:
            words.append(f"{one.marks.late_penalty:g} points taken off")
        if words:
            found.append((one.student, "; ".join(words)))
    return found


def _only(problems: Iterable[tuple[str, list[str]]], wanted: Any) -> list[tuple[str, list[str]]]:
    kept = [(student, [text for text in texts if wanted(text)]) for student, texts in problems]
    return [(student, texts) for student, texts in kept if texts]


def _stopped(own: list[_Submission],
             problems: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """Cells that were stopped, and functions that did not come back in time."""
    cells = dict(_only(problems, _OF_TIME.search))
    found = []
    for one in own:
        calls = []
        for name, check in one.result["results"].items():
            late = sum(any(_OF_TIME.search(line) for line in case["lines"])
                       for part in check["parts"] for case in part["cases"])
            if late:
                calls.append(f"{name}: {late} visible case{'s' if late > 1 else ''} did not "
                             "finish in time")
        texts = cells.get(one.student, []) + calls
        if texts:
            found.append((one.student, texts))
    return found


# ---------------------------------------------------------------------------------- exercises


def _untouched(info: Any) -> dict[str, str]:
    """The released text of written answers, by grade_id: who handed that in left it blank."""
    cells = json.loads(info.release_path.read_text(encoding="utf-8"))["cells"] \
        if info.release_path else []
    return _written(cells)


def _written(cells: Iterable[dict]) -> dict[str, str]:
    found = {}
    for cell in cells:
        about = cell.get("metadata", {}).get("nbgrader", {})
        if about.get("grade") and about.get("solution"):
            found[str(about.get("grade_id"))] = "".join(cell.get("source", "")).strip()
    return found


def _exercise(exercise: Any, own: list[_Submission],
              untouched: dict[str, str]) -> ExerciseNumbers:
    numbers = ExerciseNumbers(exercise.name, exercise.title or exercise.name, exercise.points,
                              exercise.manual)
    grade_id = exercise.name if exercise.manual else f"check_{exercise.name}"
    scores, rests = [], []
    for one in own:
        mark = one.marks.marks.get(grade_id)
        if mark is None:
            continue
        check = one.result["results"].get(exercise.name, {})
        if mark.score is None or (mark.manual and mark.needs_manual):
            numbers.waiting += 1
            continue
        written = _written(one.result["notebook"].get("cells", [])).get(exercise.name)
        blank = check.get("unanswered") or exercise.manual and written in (
            None, "", untouched.get(exercise.name))
        if blank and not mark.score:
            numbers.blank += 1
        elif mark.score >= mark.points:
            numbers.full += 1
        elif mark.score > 0:
            numbers.part += 1
        else:
            numbers.none += 1
        scores.append(mark.score)
        rests.append(sum(m.score or 0.0 for m in one.marks.marks.values()) - mark.score)
    if scores and exercise.points:
        numbers.mean_share = sum(scores) / len(scores) / exercise.points
    numbers.discrimination = correlation(scores, rests)
    return numbers


def _parts(own: list[_Submission], titles: dict[str, str]) -> list[PartNumbers]:
    """Parts of all checks, the hardest first. Blank exercises do not count as tried."""
    rows: dict[tuple[str, str], list[tuple[dict, float]]] = {}
    for one in own:
        whole = sum(mark.score or 0.0 for mark in one.marks.marks.values())
        for name, check in one.result["results"].items():
            for part in check["parts"]:
                if part["state"] not in ("blank", "later"):
                    rows.setdefault((name, part["name"]), []).append((part, whole))
    found = []
    for (name, part_name), seen in rows.items():
        first = seen[0][0]
        earned = [part["earned"] for part, _ in seen]
        rests = [whole - part["earned"] for part, whole in seen]
        found.append(PartNumbers(
            titles.get(name) or name, part_name, first["category"], first["visible"],
            first["points"], len(seen), sum(part["state"] == "passed" for part, _ in seen),
            correlation(earned, rests)))
    return sorted(found, key=lambda part: part.pass_share)


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's correlation; None for fewer than eight pairs or where one side never varies.

    Examples
    --------
    >>> correlation([0, 1, 2, 3, 4, 5, 6, 7], [0, 2, 4, 6, 8, 10, 12, 14])
    1.0
    """
    n = len(first)
    if n < _LEAST_FOR_CORRELATION:
        return None
    a = [x - sum(first) / n for x in first]
    b = [y - sum(second) / n for y in second]
    size = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    if size < 1e-12:
        return None
    return round(sum(x * y for x, y in zip(a, b, strict=True)) / size, 3)


# ---------------------------------------------------------------------------------- mistakes


def _mistakes(own: list[_Submission]) -> list[MistakeNumbers]:
    found: dict[tuple[str, str], MistakeNumbers] = {}
    for one in own:
        for name, check in one.result["results"].items():
            for mistake, message in check["mistakes"]:
                found.setdefault((name, mistake), MistakeNumbers(name, mistake, message, [])) \
                    .students.append(one.student)
    return sorted(found.values(), key=lambda m: (-len(m.students), m.exercise, m.name))


def _unnamed(own: list[_Submission]) -> list[MistakeNumbers]:
    """Wrong answers in which no known mistake was recognised, by exercise."""
    found: dict[str, MistakeNumbers] = {}
    for one in own:
        for name, check in one.result["results"].items():
            wrong = any(part["state"] in ("failed", "partly") for part in check["parts"])
            if wrong and not check["mistakes"] and not check["unanswered"]:
                found.setdefault(name, MistakeNumbers(name, "", "", [])) \
                    .students.append(one.student)
    return sorted(found.values(), key=lambda m: (-len(m.students), m.exercise))


def _waiting(own: list[_Submission]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in own:
        for name, mark in one.marks.marks.items():
            if mark.needs_manual or mark.score is None:
                found.setdefault(name, []).append(one.student)
    return found


def histogram(shares: Iterable[float], bins: int = 10) -> list[int]:
    """Counts of shares of the points, 0 to 1, in equal steps; full marks are in the last one.

    Examples
    --------
    >>> histogram([0.0, 0.05, 0.5, 1.0], bins=4)
    [2, 0, 1, 1]
    """
    counts = Counter(min(max(int(share * bins + 1e-9), 0), bins - 1) for share in shares)
    return [counts[number] for number in range(bins)]
