"""Finds the submissions in a folder or a ZIP, whatever way they are laid out, and refuses links."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lobsim.course import submission, times
from lobsim.course.collect_names import Name, clean_id, made_up_id, read_name
from lobsim.course.entries import Entry, entries
from lobsim.course.roster import Roster


@dataclass
class Found:
    """One submission.

    ``content`` is None where the file may not or cannot be read; ``timestamp`` is the moment of
    the hand-in as text, None where nobody knows it; ``ticket`` is what the teaching system wants
    in the name of a feedback file.
    """

    student: str
    lesson: str
    path: Path
    content: bytes | None
    problems: list[str] = field(default_factory=list)
    timestamp: str | None = None
    name: Name | None = None
    changed: float = 0.0
    known: bool = False  # the roster knows the student

    @property
    def ticket(self) -> str:
        """Beginning of a feedback file's name in the teaching system; "" for plain folders."""
        return self.name.ticket if self.name else ""


@dataclass
class Collection:
    """All submissions of a folder, and what could not be told to be one.

    ``unmatched`` are students whom the roster does not know; they are graded under a made-up id.
    """

    found: list[Found] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def collect(source: Path, lessons: dict[str, set[str]], roster: Roster | None = None,
            time_zone: str = "UTC") -> Collection:
    """Look through a folder or a ZIP of submissions.

    The layouts are those of `lobsim.course.collect_names`: plain folders, Moodle, Canvas,
    Blackboard, nbgrader. A file of another name is recognised by the start of its name or by the
    marked cells in it, and the report says so. Of several files of a student for one lesson the
    newest readable one counts and the others are named. Links are never followed.

    Parameters
    ----------
    source : the folder or ZIP; ZIPs that lie directly in the folder count as unpacked.
    lessons : name of each lesson -> the grade_ids of its marked cells.
    roster : the class; without it ids are made up from the names in the files.
    time_zone : zone of times in file names that name none (Blackboard's).

    Raises
    ------
    NotSubmissions
        `source` is neither a folder nor a ZIP that can be read.
    """
    result, roster = Collection(), roster or Roster()
    tops: dict[str, bool] = {}  # top folder -> whether a submission was found in it
    stamps: dict[tuple[str, ...], str] = {}
    candidates: list[tuple[Found, tuple[str, ...]]] = []
    for entry in entries(Path(source)):
        top = entry.parts[0]
        if len(entry.parts) > 1:
            tops.setdefault(top, False)
        if entry.refused:
            result.unknown.append(f"{'/'.join(entry.parts)}: {entry.refused}")
        elif entry.parts[-1] == "timestamp.txt":
            stamps[entry.parts[:-1]] = _stamp(entry)
        elif not entry.parts[-1].lower().endswith(".ipynb"):
            _note_stranger(entry, lessons, result)
        else:
            found = _take(entry, lessons, result)
            if found is not None:
                tops[top] = True
                candidates.append((found, entry.parts))
    result.unknown += [f"{top}: no notebook of a lesson in it"
                       for top, useful in tops.items() if not useful]
    candidates = _wanted(candidates, lessons)
    for found, parts in candidates:
        found.timestamp = stamps.get(parts[:-1]) or _told_time(found.name, time_zone)
    _identify([found for found, _ in candidates], roster, result)
    result.found = _one_each([found for found, _ in candidates])
    return result


def _note_stranger(entry: Entry, lessons: dict[str, set[str]], result: Collection) -> None:
    """A file that is no notebook: named where a teaching system says that it was handed in."""
    name = read_name(entry.parts, lambda text: _by_name(text, lessons) is not None)
    if name is not None and name.system == "canvas":
        result.unknown.append(f"{entry.parts[-1]}: no notebook")
    elif entry.parts[-1].lower().endswith(".zip"):
        result.unknown.append(f"{'/'.join(entry.parts)}: a ZIP inside, not looked into")


def _take(entry: Entry, lessons: dict[str, set[str]], result: Collection) -> Found | None:
    shown = entry.parts[-1]
    name = read_name(entry.parts, lambda text: _by_name(text, lessons) is not None)
    if name is None:
        result.unknown.append(f"{'/'.join(entry.parts)}: "
                              + ("the name is not STUDENT__LESSON.ipynb" if len(entry.parts) == 1
                                 else "its folders name no student"))
        return None
    problems: list[str] = []
    content: bytes | None = None
    try:
        content = entry.read()
    except OSError as error:
        problems.append(f"{shown} was refused: {error}")
    lesson = _by_name(name.lesson, lessons)
    if lesson is None and content is not None:
        lesson = _by_cells(content, lessons)
    if lesson is None:
        why = problems[0] if problems else "it belongs to no lesson"
        result.unknown.append(f"{'/'.join(entry.parts[-2:])}: {why}")
        return None
    if lesson != name.stem:
        problems.append(f"the file is called {shown!r} and not '{lesson}.ipynb'")
    return Found("", lesson, Path(*entry.parts), content, problems, name=name,
                 changed=entry.changed)


def _wanted(candidates: list, lessons: dict[str, set[str]]) -> list:
    """Of several notebooks in one lesson's folder, the one with the folder's name."""
    exact = {parts[:-1] for _, parts in candidates
             if len(parts) > 2 and parts[-1] == f"{parts[-2]}.ipynb"}
    return [(found, parts) for found, parts in candidates
            if parts[:-1] not in exact or parts[-1] == f"{parts[-2]}.ipynb"]


def _by_name(name: str, lessons: Iterable[str]) -> str | None:
    """The lesson a name means: in full, or with a tail such as ``(1)`` or ``-final``, or the
    start of one lesson's name only."""
    name = name.strip().lower()
    if name in lessons:
        return name
    tailed = [lesson for lesson in lessons if name.startswith(lesson)]
    if tailed:
        return max(tailed, key=len)
    begun = [lesson for lesson in lessons if len(name) >= 2 and lesson.startswith(name)]
    return begun[0] if len(begun) == 1 else None


def _by_cells(content: bytes, lessons: dict[str, set[str]]) -> str | None:
    """The lesson whose marked cells a notebook holds, at least half of them."""
    try:
        cells = submission.parse(content)
    except submission.Unreadable:
        return None
    claims = set()
    for cell in cells:
        metadata = cell.get("metadata")
        about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        if isinstance(about, dict) and isinstance(about.get("grade_id"), str):
            claims.add(about["grade_id"])
    shared = {lesson: len(claims & ids) / len(ids) for lesson, ids in lessons.items() if ids}
    best = max(shared, key=lambda lesson: shared[lesson], default=None)
    return best if best is not None and shared[best] >= 0.5 else None


# ---------------------------------------------------------------------------- time and person


def _stamp(entry: Entry) -> str:
    """The text of nbgrader's ``timestamp.txt``; "" where it cannot be read."""
    try:
        return entry.read()[:100].decode("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _told_time(name: Name, time_zone: str) -> str | None:
    """The moment that a file's name tells."""
    if not name.time:
        return None
    try:
        return times.moment(name.time, time_zone).isoformat()
    except times.NoMoment:
        return None


def _identify(found: list[Found], roster: Roster, result: Collection) -> None:
    """Give every submission its student's id: from the roster, or made up and the same next time.

    Two people are never put together: where two different names come to the same made-up id,
    the ids get the system's number, or a few letters that depend on the name, behind them.
    """
    owners: dict[tuple[str, str], set[str]] = {}  # (id, lesson) -> the people meant
    for item in found:
        person = roster.find(item.name)
        if person is not None:
            item.student = person.id
        elif item.name.system in ("moodle", "canvas"):
            item.student = made_up_id(item.name)
        else:
            item.student = clean_id(item.name.student)
        item.known = person is not None
        owners.setdefault((item.student, item.lesson), set()).add(_identity(item))
    made_up: dict[str, str] = {}
    for item in found:
        shared = len(owners[item.student, item.lesson]) > 1
        plain = item.known or item.name.student == item.student
        if shared and not plain:
            tail = item.name.number or hashlib.sha256(item.name.student.encode()).hexdigest()[:4]
            result.notes.append(f"more than one student of {item.lesson} comes to the id "
                                f"{item.student!r}; {item.name.student} {item.name.number} is "
                                f"{item.student}-{tail} until a roster tells them apart")
            item.student = f"{item.student}-{tail}"
        elif not plain and item.name.system not in ("moodle", "canvas"):
            item.problems.append(f"the name {item.name.student!r} is written {item.student!r} in "
                                 "the gradebook")
        if not item.known:
            made_up[item.student] = item.name.student
    if len(roster):
        result.unmatched += [f"{written} is not in the roster and is graded as {student}"
                             for student, written in sorted(made_up.items())]
    elif any(item.name.system in ("moodle", "canvas") for item in found):
        result.notes.append("there is no roster, so students go under ids made up from their "
                            "names; `lobsim roster FILE` reads one")


def _identity(item: Found) -> str:
    """What tells two students of one lesson apart."""
    if item.known:
        return f"roster {item.student}"
    if item.name.system in ("moodle", "canvas"):
        return f"{item.name.system} {item.name.student} {item.name.number}"
    return item.name.student


def _one_each(found: list[Found]) -> list[Found]:
    """One submission per student and lesson: the readable one that was handed in last."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for item in found:
        groups.setdefault((item.student, item.lesson), []).append(item)
    chosen = []
    for key in sorted(groups):
        newest, *older = sorted(groups[key], key=_age, reverse=True)
        for item in older:
            place = f" in {item.path.parent.name!r}" if item.path.parent.name else ""
            newest.problems.append(f"handed in more than once; {item.path.name!r}{place} was left "
                                   "out as the older one")
        chosen.append(newest)
    return chosen


def _age(item: Found) -> tuple:
    """Sorts attempts, the newest last: by Canvas's number, which grows with time, by the time of
    the hand-in or else the file's own, then the one with the right name."""
    moment = item.changed
    if item.timestamp:
        with contextlib.suppress(times.NoMoment):
            moment = times.moment(item.timestamp, "UTC").timestamp()
    exact = item.name.stem == item.lesson
    return item.content is not None, item.name.upload, moment, exact, item.path.name
