"""Who is in the class: read from any system's CSV, kept as ``roster.csv``, matched to file names.

``roster.csv`` in the course's folder has the columns of ``nbgrader db student import`` (id,
first_name, last_name, email, lms_user_id) and ``login``.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lobsim.course.collect_names import Name, clean_id
from lobsim.course.workspace import write_atomically

FILE = "roster.csv"

# Headings, small letters and digits only, of nbgrader, Moodle (participants, grading worksheet,
# grades) and Canvas (exported gradebook). The first heading with a value counts.
_ID = ("studentid", "id", "idnumber", "matriculationnumber", "username", "sisloginid", "loginid",
       "login", "sisuserid", "emailaddress", "email")
_FIRST = ("firstname", "givenname", "forename")
_LAST = ("lastname", "surname", "familyname")
_FULL = ("fullname", "name", "student", "studentname")
_EMAIL = ("emailaddress", "email", "mail")
_LMS = ("lmsuserid", "lmsid", "canvasid", "moodleid", "userid")
_LOGIN = ("login", "username", "sisloginid", "loginid")


class RosterError(ValueError):
    """A roster cannot be used; the text says in one sentence why."""


@dataclass(frozen=True)
class Person:
    """One student; ``id`` is the name of the gradebook and of the folders."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    login: str = ""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


class Roster:
    """The class, to be asked who a name in a download means.

    Parameters
    ----------
    people : iterable of Person

    Examples
    --------
    >>> roster = Roster([Person("al1", "Ada", "Lovelace", lms_user_id="12")])
    >>> roster.find(Name("lovelaceada", "", "", "canvas", number="12")).id
    'al1'
    """

    def __init__(self, people: Iterable[Person] = ()):
        self.people = list(people)
        self._exact: dict[str, list[Person]] = {}
        self._named: dict[str, list[Person]] = {}
        for person in self.people:
            for text in {person.id, person.login, person.email, person.email.partition("@")[0]}:
                if text:
                    self._exact.setdefault(text.casefold(), []).append(person)
            # "Ada Lovelace", "Lovelace, Ada" and Canvas's "lovelaceada"
            for key in {_words(person.name), _run(f"{person.last_name}{person.first_name}"),
                        _run(person.name)}:
                if key:
                    self._named.setdefault(key, []).append(person)

    def __len__(self) -> int:
        return len(self.people)

    def find(self, name: Name) -> Person | None:
        """The one student whom a name in a file's path means; None where nobody or several are
        meant."""
        if name.system == "canvas":
            same = [p for p in self.people if p.lms_user_id and p.lms_user_id == name.number]
            if len(same) == 1:
                return same[0]
        for found in (self._exact.get(name.student.casefold(), []),
                      self._exact.get(clean_id(name.student).casefold(), []),
                      self._named.get(_words(name.student), []),
                      self._named.get(_run(name.student), [])):
            if found:
                return found[0] if len(found) == 1 else None
        return None


def _plain(text: str) -> str:
    """Small letters without accents."""
    split = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    return "".join(sign for sign in split if not unicodedata.combining(sign))


def _words(text: str) -> str:
    """The words of a name in the order of the alphabet: systems differ in which comes first."""
    return " ".join(sorted(re.findall(r"[^\W_]+", _plain(text))))


def _run(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", _plain(text)))


def load(root: Path) -> Roster:
    """The roster of a course; an empty one where the course has none.

    Raises
    ------
    RosterError
        The file is there and cannot be read.
    """
    path = Path(root) / FILE
    return Roster(read_csv(path) if path.is_file() else ())


def save(root: Path, people: Iterable[Person]) -> Path:
    """Write ``roster.csv``."""
    out = io.StringIO()
    names = [field.name for field in fields(Person)]
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(person) for person in people)
    path = Path(root) / FILE
    write_atomically(path, out.getvalue().encode())
    return path


def read_csv(path: Path) -> list[Person]:
    """Read a roster as nbgrader, Moodle or Canvas writes it, or a table of one's own.

    Parameters
    ----------
    path : Path
        CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252, with a line of
        headings. Needed is a column for the id (``id``, ``student id``, ``ID number``,
        ``username``, ``SIS Login ID`` or an e-mail address); known besides are first, last and
        full name, e-mail, login and the teaching system's number. In an exported Canvas
        gradebook ``ID`` is that number, and the rows "Points Possible" and "Student, Test" are
        no students.

    Raises
    ------
    RosterError
        There is no such column, a row has no id, or an id comes twice.
    """
    path = Path(path)
    text = _decode(path.read_bytes())
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if not rows:
        raise RosterError(f"{path} is empty; a roster begins with a line of headings")
    heads = [re.sub(r"[^a-z0-9]", "", head.casefold()) for head in rows[0]]
    canvas = "student" in heads and ("sisloginid" in heads or "sisuserid" in heads)
    if canvas:
        heads = ["canvasid" if head == "id" else head for head in heads]
    if not set(heads) & set(_ID):
        raise RosterError(f"{path} has the columns {', '.join(rows[0])}; a roster needs one called "
                          "id, student id, ID number, username, SIS Login ID or email")
    people: dict[str, Person] = {}
    for number, row in enumerate(rows[1:], start=2):
        values = {head: value.strip() for head, value in zip(heads, row, strict=False)}
        if not any(values.values()) or canvas and _no_student(values):
            continue
        person = _person(values)
        if person is None:
            raise RosterError(f"{path}, row {number}: there is no id of the student")
        if person.id in people:
            raise RosterError(f"{path}, row {number}: the id {person.id!r} comes twice")
        people[person.id] = person
    return list(people.values())


def _no_student(values: dict[str, str]) -> bool:
    return not values.get("canvasid") or values.get("student") == "Student, Test"


def _decode(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _person(values: dict[str, str]) -> Person | None:
    def first(heads: tuple[str, ...]) -> str:
        return next((values[head] for head in heads if values.get(head)), "")

    given = first(_ID)
    if not given:
        return None
    name, surname = first(_FIRST), first(_LAST)
    if not (name or surname):
        full = first(_FULL)
        if "," in full:
            surname, _, name = (part.strip() for part in full.partition(","))
        else:
            name, _, surname = full.rpartition(" ")
    return Person(clean_id(given), name, surname, first(_EMAIL), first(_LMS), first(_LOGIN))


def register(book, people: Iterable[Person]) -> tuple[int, int]:
    """Put the class into the gradebook; formgrader then shows names.

    Parameters
    ----------
    book : CourseGradebook
    people : iterable of Person

    Returns
    -------
    tuple of int
        How many students are new, and how many were there and have changed.
    """
    new = changed = 0
    with book.open() as gradebook:
        known = {student.id: student for student in gradebook.students}
        for person in people:
            about = {"first_name": person.first_name or None, "last_name": person.last_name or None,
                     "email": person.email or None, "lms_user_id": person.lms_user_id or None}
            old = known.get(person.id)
            if old is not None and all(getattr(old, key) == value for key, value in about.items()):
                continue
            new, changed = new + (old is None), changed + (old is not None)
            gradebook.update_or_create_student(person.id, **about)
    return new, changed
