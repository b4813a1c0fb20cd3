"""Who handed in what, told from a file's path alone: our own layouts and those of teaching systems.

Known are

* ``STUDENT/LESSON/FILE.ipynb`` (nbgrader's ``submitted/``, `lobsim handin`), ``STUDENT/FILE.ipynb``
  and ``STUDENT__LESSON.ipynb``;
* Moodle, "Download all submissions": ``Ada Lovelace_123456_assignsubmission_file/FILE.ipynb``,
  with a trailing underscore before Moodle 4.1, and without folders
  ``Ada Lovelace_123456_assignsubmission_file_FILE.ipynb``. The number belongs to the student in
  this one assignment. Source: Moodle, ``mod/assign/classes/downloader.php``;
* Canvas, "Download Submissions": ``lovelaceada_LATE_12345_67890_FILE-1.ipynb``: sortable name in
  small letters, ``LATE`` where it was late, the user's number, the upload's number, the file's
  name, to which Canvas itself adds ``-1``, ``-2``. Anonymous: ``anon_Xy12Z_67890_FILE.ipynb``.
  Source: Canvas, ``lib/content_zipper.rb``;
* Blackboard, "Assignment File Download": ``LESSON_USER_attempt_2027-02-01-17-55-03_FILE.ipynb``.
  Source: nbgrader's documentation of ``FileNameCollectorPlugin``;
* the inbound folder of nbgrader's exchange: ``USER+LESSON+2027-02-01 17:55:03.1 UTC+x/FILE.ipynb``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_MOODLE_FOLDER = re.compile(r"(?P<name>[^_]+)(?:_(?P<number>\d+))?_assignsubmission_file_?")
_MOODLE_FLAT = re.compile(
    r"(?P<ticket>(?P<name>[^_]+)(?:_(?P<number>\d+))?_assignsubmission_file)_(?P<file>.+)")
_CANVAS = re.compile(
    r"(?P<ticket>(?P<name>.+?)(?:_(?P<late>LATE))?_(?P<number>\d+)_(?P<upload>\d+))_(?P<file>.+)")
_CANVAS_ANONYMOUS = re.compile(r"(?P<ticket>(?:(?P<late>LATE)_)?anon_(?P<number>[A-Za-z0-9]+)_"
                               r"(?P<upload>\d+))_(?P<file>.+)")
_BLACKBOARD = re.compile(r".+_(?P<name>[^_]+)_attempt_"
                         r"(?P<day>\d{4}-\d\d-\d\d)-(?P<time>\d\d-\d\d-\d\d)_(?P<file>.+)")
_EXCHANGE = re.compile(r"(?P<name>[^+]+)\+(?P<lesson>[^+]+)\+(?P<time>[^+]+ UTC)(?:\+.*)?")
_COPY_NUMBER = re.compile(r"-\d{1,3}$")
_STRANGE = re.compile(r"[^\w.@+ -]")
_MAX_ID = 100


@dataclass(frozen=True)
class Name:
    """What a path says.

    Attributes
    ----------
    student : str
        Folder, user or full name, as it is written.
    lesson : str
        The text that names the lesson.
    stem : str
        The file's own name, without its ending and without what a system put before or behind it.
    system : str
        ``"folder"``, ``"moodle"``, ``"canvas"``, ``"blackboard"`` or ``"exchange"``.
    number : str
        The system's number of the student; empty where there is none.
    upload : int
        Canvas's number of the upload, which grows with time; 0 elsewhere.
    late : bool
        The system calls it late.
    time : str
        Moment of the hand-in as ISO 8601; without a zone where the name has none; "" if unknown.
    ticket : str
        Beginning of the name by which the system knows a feedback file's owner.
    """

    student: str
    lesson: str
    stem: str
    system: str = "folder"
    number: str = ""
    upload: int = 0
    late: bool = False
    time: str = ""
    ticket: str = ""


def read_name(parts: Sequence[str], is_lesson=lambda name: False) -> Name | None:
    """Read the path of a notebook.

    Parameters
    ----------
    parts : sequence of str
        Path below the folder of submissions, the file last.
    is_lesson : callable
        Whether a text names a lesson; decides who is the student in a deep path.

    Returns
    -------
    Name or None
        None where the path names no student.

    Examples
    --------
    >>> read_name(["ada", "01_shortfall", "01_shortfall.ipynb"]).student
    'ada'
    >>> name = read_name(["lovelaceada_LATE_12_345_notes-1.ipynb"])
    >>> name.student, name.number, name.stem, name.late
    ('lovelaceada', '12', 'notes', True)
    """
    stem = parts[-1].rpartition(".")[0] or parts[-1]
    for folder in parts[:-1]:
        found = _system_folder(folder, stem)
        if found is not None:
            return found
    found = _system_file(stem)
    if found is not None:
        return found
    student, separator, lesson = stem.partition("__")
    if separator and student and len(parts) == 1:
        return Name(student, lesson, lesson)
    if len(parts) == 1:
        return None
    if len(parts) == 2:
        return Name(parts[0], stem, stem)
    above = parts[-2]
    if len(parts) == 3:
        return Name(parts[0], above if is_lesson(above) else stem, stem)
    if is_lesson(above):  # the folder was packed with folders above it
        return Name(parts[-3], above, stem)
    return Name(parts[0], parts[1], stem) if is_lesson(parts[1]) else None


def _system_folder(folder: str, stem: str) -> Name | None:
    match = _MOODLE_FOLDER.fullmatch(folder)
    if match:
        return Name(match["name"], stem, stem, "moodle", match["number"] or "", ticket=folder)
    match = _EXCHANGE.fullmatch(folder)
    if match:
        return Name(match["name"], match["lesson"], stem, "exchange", time=match["time"])
    return None


def _system_file(stem: str) -> Name | None:
    match = _MOODLE_FLAT.fullmatch(stem)
    if match:
        return Name(match["name"], match["file"], match["file"], "moodle", match["number"] or "",
                    ticket=match["ticket"])
    match = _CANVAS_ANONYMOUS.fullmatch(stem) or _CANVAS.fullmatch(stem)
    if match:
        own = _COPY_NUMBER.sub("", match["file"])
        name = match.groupdict().get("name") or f"anon-{match['number']}"
        return Name(name, own, own, "canvas", match["number"], int(match["upload"]),
                    bool(match["late"]), ticket=match["ticket"])
    match = _BLACKBOARD.fullmatch(stem)
    if match:
        time = f"{match['day']}T{match['time'].replace('-', ':')}"
        return Name(match["name"], match["file"], match["file"], "blackboard", time=time)
    return None


def clean_id(text: str) -> str:
    """A student's name as the gradebook and its folders can hold it.

    Letters, digits and ``. @ + -`` and spaces stay; the rest becomes ``_``, dots in front go.

    Examples
    --------
    >>> clean_id("ada*[lovelace]")
    'ada__lovelace_'
    >>> clean_id("..")
    '_'
    """
    plain = unicodedata.normalize("NFC", text)
    return _STRANGE.sub("_", plain).strip().lstrip(".")[:_MAX_ID].strip() or "_"


def made_up_id(name: Name) -> str:
    """An id for a student of a teaching system whom no roster knows: the same in every run.

    Canvas's number stays with a student over the whole course and is part of the id; Moodle's
    changes from assignment to assignment and is not.
    """
    slug = re.sub(r"\s+", "-", clean_id(name.student))
    if name.student.endswith(name.number) and name.number:
        return slug  # anonymous: the number is the name, and its capitals count
    slug = slug.casefold()
    return f"{slug}-{name.number}" if name.system == "canvas" else slug
