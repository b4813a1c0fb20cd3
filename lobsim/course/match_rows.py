"""Finds the gradebook's student for a row of another system's file; cells safe in a spreadsheet."""

from __future__ import annotations

import json
import re
from pathlib import Path

_TICKET = re.compile(r"_(\d+)_assignsubmission")  # of a file in Moodle's download
_NUMBER = re.compile(r"[+-]?\d*[.,]?\d+")


def heading(text: str) -> str:
    """A heading in small letters and digits only.

    Examples
    --------
    >>> heading("Last modified (grade)")
    'lastmodifiedgrade'
    """
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes in front.

    Numbers, a lone dash and blanks in front of ordinary text stay as they are. Source: OWASP,
    "CSV Injection".

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("-2.5"), safe_cell("-"), safe_cell("Ada")
    ("'=1+1", '-2.5', '-', 'Ada')
    """
    plain = text.strip()
    if text[:1] in ("\t", "\r", "\n") or (plain[:1] in ("=", "+", "-", "@")
                                          and plain != "-" and not _NUMBER.fullmatch(plain)):
        return "'" + text
    return text


class Matcher:
    """Matches rows to students, each student once.

    A row is known by the system's own number, then login, e-mail, and last by a full name that
    only one student has. ``notes`` tells what could not be decided.

    Parameters
    ----------
    root : path
        The course folder; how submissions came is read there.
    people : dict of str to Person
        The roster by id.
    students : list of str
        Who has marks.
    """

    def __init__(self, root: Path, people: dict, students: list[str]):
        self.students = set(students)
        self.found: dict[str, str] = {}  # student -> the row's name
        self.notes: list[str] = []
        self._tickets = _tickets(Path(root))
        self._keys: dict[str, dict[str, set[str]]] = {"lms": {}, "login": {}, "name": {}}
        for student in students:
            person = people.get(student)
            self._add("login", student, student)
            canvas = re.fullmatch(r".+-(\d+)", student)  # made up by `collect` without a roster
            if canvas and person is None:
                self._add("lms", canvas[1], student)
            if person is not None:
                self._add("lms", person.lms_user_id, student)
                self._add("login", person.login, student)
                self._add("login", person.email, student)
                self._add("name", _words(person.name), student)
            else:
                self._add("name", _words(student), student)

    def _add(self, kind: str, key: str, student: str) -> None:
        if key:
            self._keys[kind].setdefault(key.casefold(), set()).add(student)

    def match(self, row: dict[str, str], system: str, lesson: str = "") -> str | None:
        """The student of a row.

        Parameters
        ----------
        row : dict of str to str
            Cells by `heading`.
        system : {"canvas", "moodle"}
        lesson : str, optional
            Whose download gave students Moodle's participant numbers.
        """
        row = {head: value.strip() for head, value in row.items()}
        name = row.get("fullname") or row.get("student") or " ".join(
            filter(None, (row.get("firstname"), row.get("surname") or row.get("lastname"))))
        tries: list[set[str]] = []
        if system == "canvas":
            tries.append(self._ask("lms", row.get("id", "")))
        ticket = re.search(r"\d+$", row.get("identifier", ""))
        if ticket:
            tries.append(self._tickets.get((lesson, ticket[0]), set()) & self.students)
        for head in ("sisloginid", "username", "emailaddress", "email", "idnumber", "sisuserid"):
            tries.append(self._ask("login", row.get(head, "")))
        tries.append(self._ask("name", _words(name)))
        for students in tries:
            if len(students) > 1:
                self.notes.append(f"{name or row} could be {' or '.join(sorted(students))}; the "
                                  "row was left as it is")
                return None
            if students:
                return self._take(next(iter(students)), name)
        return None

    def _take(self, student: str, name: str) -> str | None:
        if student in self.found:
            self.notes.append(f"{student} fits two rows, {self.found[student]} and {name}; the "
                              "second was left as it is")
            return None
        self.found[student] = name
        return student

    def _ask(self, kind: str, key: str) -> set[str]:
        return self._keys[kind].get(key.casefold(), set()) if key else set()

    def left(self) -> list[str]:
        """Students with marks who were in no row."""
        return sorted(self.students - set(self.found))


def _words(name: str) -> str:
    """A full name's words in order: systems differ in which name comes first. One word alone is
    no full name."""
    words = sorted(re.findall(r"[^\W_]+", name.casefold()))
    return " ".join(words) if len(words) > 1 else ""


def _tickets(root: Path) -> dict[tuple[str, str], set[str]]:
    """(lesson, Moodle's participant number) -> students, as the submissions came."""
    try:
        data = json.loads((root / "grading" / "hand_ins.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found: dict[tuple[str, str], set[str]] = {}
    for lesson, students in data.items():
        for student, about in students.items():
            number = _TICKET.search(str(about.get("ticket", "")))
            if number:
                found.setdefault((lesson, number[1]), set()).add(student)
    return found
