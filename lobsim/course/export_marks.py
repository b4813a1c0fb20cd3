"""Marks as CSV that Canvas and Moodle import, and as a plain table.

Marks come from nbgrader's gradebook, late penalties taken off. A lesson in which something still
waits for a person has no mark yet: its cell stays as it was, and the export says so; it is never 0.

Sources. Canvas: ``lib/gradebook_importer.rb`` of instructure/canvas-lms (the columns before
``Section``, ``Points Possible`` in the second row, assignments as ``title (id)``, read-only
columns ignored). Moodle: ``grade/import/csv/classes/load_data.php`` (one unknown user ends the
whole import; an empty cell takes a grade away) and
``mod/assign/feedback/offline/importgradeslib.php`` (the grading worksheet is known by its columns
``Identifier``, ``Grade`` and ``Last modified (grade)``) of moodle/moodle.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lobsim.course.gradebook import CourseGradebook, Marks
from lobsim.course.match_rows import Matcher, heading, safe_cell

KINDS = ("canvas", "moodle", "csv")
_CANVAS_OWN = ("student", "lastname", "firstname", "id", "sisuserid", "sisloginid",
               "integrationid", "rootaccount", "section")  # before the assignments
_MOODLE_OWN = ("firstname", "surname", "lastname", "fullname", "username", "idnumber",
               "emailaddress", "email")
_WORKSHEET = ("identifier", "grade", "lastmodifiedgrade")
_TEST_STUDENT = "student, test"  # Canvas's own, in every exported gradebook


class ExportError(ValueError):
    """Marks cannot be exported this way; the text says in one sentence why and what helps."""


@dataclass
class Export:
    """A finished export.

    Attributes
    ----------
    text : str
        The file's content.
    kind : str
        "canvas", "moodle", "worksheet" or "csv".
    lessons : list of str
    marks : int
        Cells that hold a mark of ours.
    waiting : list of str
        ``student/lesson`` without a mark because something is still to be marked by hand.
    no_row : list of str
        Students with marks whom the given file does not have.
    no_marks : list of str
        People of the given file without any mark here.
    notes : list of str
        What else the instructor should know before importing.
    """

    text: str
    kind: str
    lessons: list[str]
    marks: int = 0
    waiting: list[str] = field(default_factory=list)
    no_row: list[str] = field(default_factory=list)
    no_marks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class _Book:
    """Marks by student, in the lessons' order."""

    lessons: list[str]
    titles: dict[str, str]
    points: dict[str, float]
    marks: dict[str, dict[str, float | None]]  # None: something waits

    def text(self, student: str, lesson: str) -> str:
        value = self.marks.get(student, {}).get(lesson)
        return "" if value is None else number(value)


def number(value: float) -> str:
    """A mark with at most two decimals and no dust.

    Examples
    --------
    >>> number(7.0), number(12.3456)
    ('7', '12.35')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def export_marks(root: Path | str, kind: str, *, file: Path | str | None = None,
                 lessons: Sequence[str] | None = None) -> Export:
    """Marks of a course, ready to be imported elsewhere.

    Parameters
    ----------
    root : path
        The course folder.
    kind : {"canvas", "moodle", "csv"}
    file : path, optional
        What the other system exported: Canvas's gradebook, Moodle's grades or participants, or
        Moodle's grading worksheet of one assignment. Its people and columns are kept. Without it,
        people come from the course's roster.
    lessons : sequence of str, optional
        Only these; by default all that have been graded.

    Returns
    -------
    Export

    Raises
    ------
    ExportError
        Nothing has been graded, the file is not what it should be, or a grading worksheet is
        given and the lesson it belongs to is not.
    """
    from lobsim.course.roster import load

    if kind not in KINDS:
        raise ExportError(f"{kind!r} is no format of an export; allowed are {', '.join(KINDS)}")
    root = Path(root)
    book = _read_book(root, lessons)
    people = {person.id: person for person in load(root).people}
    table = _read_table(Path(file)) if file is not None else None
    if kind == "csv":
        if table is not None:
            raise ExportError("the plain table takes no file to fill; leave out --roster")
        export = _plain(book, people)
    else:
        matcher = Matcher(root, people, list(book.marks))
        if kind == "canvas":
            export = _canvas(book, people, table, matcher)
        elif table is not None and set(_WORKSHEET) <= set(map(heading, table[0])):
            export = _worksheet(book, table, matcher)
        else:
            export = _moodle(book, people, table, matcher)
    export.waiting = [f"{student}/{lesson}" for student, own in sorted(book.marks.items())
                      for lesson in export.lessons if lesson in own and own[lesson] is None]
    return export


def _read_book(root: Path, lessons: Sequence[str] | None) -> _Book:
    from lobsim.course import catalogue

    known = catalogue.names(root)
    wanted = list(lessons) if lessons else known
    gradebook = CourseGradebook(root)
    file = gradebook.db_url.removeprefix("sqlite:///")
    # opening a gradebook makes it, and looking should change nothing
    there = file == gradebook.db_url or Path(file).is_file()
    found = gradebook.marks(wanted) if there else {}
    graded = [lesson for lesson in known if any(name == lesson for _, name in found)]
    missing = [lesson for lesson in lessons or [] if lesson not in graded]
    if missing or not graded:
        what = missing[0] if missing else "nothing"
        raise ExportError(f"{what} has been graded yet; `lobsim grade SUBMISSIONS` comes first"
                          if not missing else f"{what} has not been graded yet")
    marks: dict[str, dict[str, float | None]] = {}
    points: dict[str, float] = {}
    for (student, lesson), one in sorted(found.items()):
        marks.setdefault(student, {})[lesson] = None if _waits(one) else max(one.total, 0.0)
        points[lesson] = one.points
    titles = {lesson: catalogue.lesson_info(lesson, root).title for lesson in graded}
    return _Book(graded, titles, points, marks)


def _waits(marks: Marks) -> bool:
    return marks.needs_manual or any(mark.score is None for mark in marks.marks.values())


def _read_table(path: Path) -> list[list[str]]:
    """The rows of a CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252."""
    from lobsim.course.roster import _decode

    text = _decode(path.read_bytes())
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    if not rows:
        raise ExportError(f"{path} is empty; it should begin with a line of headings")
    width = len(rows[0])
    return [rows[0], *((row + [""] * width)[:width] for row in rows[1:])]


def _write(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _column_of(lesson: str, title: str, heads: Sequence[str]) -> int | None:
    """Which column belongs to a lesson: by its folder name or title, whatever number follows."""
    def plain(text: str) -> str:
        bare = re.sub(r"\s*\((?:\d+|real|points?)\)\s*$", "", text.strip(), flags=re.IGNORECASE)
        return heading(re.sub(r"^assignment:\s*", "", bare, flags=re.IGNORECASE))

    wanted = {plain(lesson), plain(title), plain(f"{lesson[:2]} {title}"),
              plain(f"Lesson {lesson[:2]}: {title}")}
    found = [i for i, head in enumerate(heads) if plain(head) in wanted]
    return found[0] if len(found) == 1 else None


# ---------------------------------------------------------------------------------- plain


def _plain(book: _Book, people: dict) -> Export:
    rows = [["student", "last_name", "first_name", "email", *book.lessons, "total", "max"]]
    whole = sum(book.points.values())
    for student in sorted({*book.marks, *people}):
        person = people.get(student)
        own = book.marks.get(student, {})
        given = [value for value in own.values() if value is not None]
        total = number(sum(given)) if given and len(given) == len(own) else ""
        rows.append([student, *((person.last_name, person.first_name, person.email)
                                if person else ("", "", "")),
                     *(book.text(student, lesson) for lesson in book.lessons), total,
                     number(whole)])
    filled = sum(bool(cell) for row in rows[1:] for cell in row[4:-2])
    return Export(_write(rows), "csv", book.lessons, filled)


# ---------------------------------------------------------------------------------- Canvas


def _canvas(book: _Book, people: dict, table: list[list[str]] | None,
            matcher: Matcher) -> Export:
    """Canvas's gradebook with our lessons' columns; other assignments are left out, so that an
    import cannot change them."""
    if table is None:
        return _canvas_from_roster(book, people)
    heads = [heading(head) for head in table[0]]
    own = next((i + 1 for i, head in enumerate(heads) if head == "section"), 0)
    if not own or heads[0] not in ("student", "lastname") or "id" not in heads[:own]:
        raise ExportError("the file is no gradebook exported by Canvas; that begins with the "
                          "columns Student, ID and so on up to Section (Grades > Export)")
    notes, columns = [], {}
    for lesson in book.lessons:
        columns[lesson] = _column_of(lesson, book.titles[lesson], table[0])
        if columns[lesson] is None:
            notes.append(f"Canvas has no assignment called {lesson!r} or {book.titles[lesson]!r}; "
                         "the import will ask whether to make one")
    kept = [i for i in range(own) if heads[i] in _CANVAS_OWN]
    rows = [[*(table[0][i] for i in kept),
             *(table[0][columns[x]] if columns[x] is not None else x for x in book.lessons)]]
    export = Export("", "canvas", book.lessons, notes=notes)
    has_points = False
    for row in table[1:]:
        first, end = row[0].strip(), [row[i] for i in kept]
        if not first or first.casefold().startswith("points possible"):
            is_points = bool(first)
            has_points = has_points or is_points
            rows.append(end + [_possible(book, x, row, columns[x], is_points, export)
                               for x in book.lessons])
            continue
        before = {x: row[columns[x]] if columns[x] is not None else "" for x in book.lessons}
        student = matcher.match({heads[i]: row[i] for i in kept}, "canvas")
        if student is None and first.casefold() == _TEST_STUDENT:
            continue
        rows.append(end + _cells(book, student, before, first, export))
    if not has_points:
        rows.insert(1, ["    Points Possible", *[""] * (len(kept) - 1),
                        *(number(book.points[x]) for x in book.lessons)])
    export.no_row, export.notes = matcher.left(), export.notes + matcher.notes
    export.text = _write(rows)
    return export


def _possible(book: _Book, lesson: str, row: list[str], column: int | None, is_points: bool,
              export: Export) -> str:
    """A cell of the rows above the students."""
    if column is None or not row[column].strip():
        return number(book.points[lesson]) if is_points else ""
    theirs = row[column].strip()
    if is_points and theirs.replace(".", "", 1).isdigit() \
            and abs(float(theirs) - book.points[lesson]) > 1e-6:
        export.notes.append(f"Canvas has {theirs} points for {lesson}, the lesson has "
                            f"{number(book.points[lesson])}; marks are in the lesson's points")
    return row[column]


def _cells(book: _Book, student: str | None, before: dict[str, str], name: str,
           export: Export) -> list[str]:
    """One person's cells: our marks, and what stood there where we have none."""
    if student is None:
        export.no_marks.append(name)
        return [before[lesson] for lesson in book.lessons]
    cells = []
    for lesson in book.lessons:
        mark = book.text(student, lesson)
        export.marks += bool(mark)
        cells.append(mark or before[lesson])
    return cells


def _canvas_from_roster(book: _Book, people: dict) -> Export:
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *book.lessons],
            ["    Points Possible", "", "", "", "",
             *(number(book.points[lesson]) for lesson in book.lessons)]]
    export = Export("", "canvas", book.lessons)
    for student in sorted(book.marks):
        person = people.get(student)
        name = student
        if person and person.last_name:
            name = ", ".join(filter(None, (person.last_name, person.first_name)))
        rows.append([name, person.lms_user_id if person else "", "",
                     (person.login if person else "") or student, "",
                     *_cells(book, student, dict.fromkeys(book.lessons, ""), name, export)])
    if any(not row[1] for row in rows[2:]):
        export.notes.append("some students have no Canvas ID here and will be known by SIS Login "
                            "ID only; better export Canvas's gradebook and pass it with --roster")
    export.no_marks = sorted(set(people) - set(book.marks))
    export.text = _write(rows)
    return export


# ---------------------------------------------------------------------------------- Moodle


def _worksheet(book: _Book, table: list[list[str]], matcher: Matcher) -> Export:
    """Moodle's grading worksheet of one assignment with its column Grade filled."""
    if len(book.lessons) != 1:
        raise ExportError("a grading worksheet is of one assignment; say which lesson it is with "
                          f"--lesson, one of {', '.join(book.lessons)}")
    lesson = book.lessons[0]
    heads = [heading(head) for head in table[0]]
    grade = heads.index("grade")
    most = heads.index("maximumgrade") if "maximumgrade" in heads else None
    changeable = heads.index("gradecanbechanged") if "gradecanbechanged" in heads else None
    export = Export("", "worksheet", [lesson])
    rows, maxima, fixed = [table[0]], set(), []
    for row in table[1:]:
        row = list(row)
        about = dict(zip(heads, row, strict=True))
        name = about.get("fullname") or about["identifier"]
        student = matcher.match(about, "moodle", lesson)
        if student is None:
            export.no_marks.append(name)
        elif changeable is not None and row[changeable].strip().casefold() == "no":
            fixed.append(name)
        else:
            mark = book.text(student, lesson)
            row[grade] = mark or row[grade]
            export.marks += bool(mark)
        if most is not None and row[most].strip():
            maxima.add(row[most].strip())
        rows.append(row)
    for value in sorted(maxima):
        if value.replace(".", "", 1).isdigit() \
                and abs(float(value) - book.points[lesson]) > 1e-6:
            export.notes.append(f"Moodle's maximum grade is {value}, the lesson has "
                                f"{number(book.points[lesson])} points: set the assignment's "
                                "maximum grade to that before the upload")
    if fixed:
        export.notes.append(f"Moodle does not let these grades be changed: {', '.join(fixed)}")
    export.no_row, export.notes = matcher.left(), export.notes + matcher.notes
    export.text = _write(rows)
    return export


def _moodle(book: _Book, people: dict, table: list[list[str]] | None,
            matcher: Matcher) -> Export:
    """One row for each student with a mark; Moodle maps the columns while it imports."""
    export = Export("", "moodle", book.lessons)
    if table is None:
        rows = [["First name", "Last name", "ID number", "Username", "Email address",
                 *book.lessons]]
        for student in sorted(book.marks):
            person = people.get(student)
            own = (person.first_name, person.last_name, student, person.login, person.email) \
                if person else ("", "", student, "", "")
            rows.append([*own, *_cells(book, student, dict.fromkeys(book.lessons, ""), student,
                                       export)])
        export.no_marks = sorted(set(people) - set(book.marks))
    else:
        heads = [heading(head) for head in table[0]]
        kept = [i for i, head in enumerate(heads) if head in _MOODLE_OWN]
        if not {"idnumber", "username", "emailaddress", "email"} & {heads[i] for i in kept}:
            raise ExportError("the file has no column ID number, Email address or Username, by "
                              "which Moodle knows people; export grades or participants there")
        columns = {x: _column_of(x, book.titles[x], table[0]) for x in book.lessons}
        rows = [[*(table[0][i] for i in kept),
                 *(table[0][columns[x]] if columns[x] is not None else x for x in book.lessons)]]
        for row in table[1:]:
            student = matcher.match({heads[i]: row[i] for i in kept}, "moodle")
            before = {x: row[columns[x]] if columns[x] is not None else "" for x in book.lessons}
            name = " ".join(row[i] for i in kept[:2]).strip()
            cells = _cells(book, student, before, name, export)
            if student is not None:
                rows.append([*(row[i] for i in kept), *cells])
        export.no_row = matcher.left()
    width = len(book.lessons)
    kept_rows = [row for row in rows[1:] if any(row[-width:])]
    if any(not cell for row in kept_rows for cell in row[-width:]):
        export.notes.append("an empty cell takes a grade away that Moodle already has; export "
                            "lesson by lesson (--lesson) if that matters")
    if table is None and any(student not in people for student in book.marks):
        export.notes.append("students who are not in the roster go by their id as ID number; one "
                            "whom Moodle does not know ends its whole import")
    export.notes += matcher.notes
    export.text = _write([rows[0], *kept_rows])
    return export
