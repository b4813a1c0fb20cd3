"""Finds the submissions in a folder, whatever way the files are laid out, and refuses links."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lobsim.course import submission

_STRANGE = re.compile(r"[^\w.@+ -]")
_SKIPPED = {".ipynb_checkpoints", "__pycache__", "__MACOSX"}


@dataclass
class Found:
    """One submission. ``content`` is None where the file may not or cannot be read."""

    student: str
    lesson: str
    path: Path
    content: bytes | None
    problems: list[str] = field(default_factory=list)
    timestamp: str | None = None


@dataclass
class Collection:
    """All submissions of a folder, and what could not be told to be one."""

    found: list[Found] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def collect(folder: Path, lessons: dict[str, set[str]]) -> Collection:
    """Look through a folder of submissions.

    Accepted are ``STUDENT/LESSON/LESSON.ipynb``, ``STUDENT/LESSON.ipynb`` and
    ``STUDENT__LESSON.ipynb``. A file of another name is recognised by the start of its name or by
    the marked cells in it, and the report says so. Links are never followed.

    Parameters
    ----------
    folder : the folder.
    lessons : name of each lesson -> the grade_ids of its marked cells.

    Raises
    ------
    NotADirectoryError
        `folder` is not a folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder of submissions")
    result = Collection()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_symlink() and path.suffix != ".ipynb":
            result.unknown.append(f"{path.name}: a link, not looked into")
        elif path.suffix == ".ipynb":
            _flat(path, lessons, result)
        elif path.is_dir():
            _student(path, lessons, result)
    result.found = _one_each(result.found)
    return result


def _flat(path: Path, lessons: dict[str, set[str]], result: Collection) -> None:
    student, separator, name = path.stem.partition("__")
    if not separator or not student:
        result.unknown.append(f"{path.name}: the name is not STUDENT__LESSON.ipynb")
        return
    _take(student, name, path, lessons, result)


def _student(folder: Path, lessons: dict[str, set[str]], result: Collection) -> None:
    """Everything of one student."""
    before = len(result.found)
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_symlink() and path.suffix != ".ipynb":
            result.unknown.append(f"{folder.name}/{path.name}: a link, not looked into")
        elif path.suffix == ".ipynb":
            _take(folder.name, path.stem, path, lessons, result)
        elif path.is_dir():
            _lesson_folder(folder.name, path, lessons, result)
    if len(result.found) == before:
        result.unknown.append(f"{folder.name}: no notebook of a lesson in it")


def _lesson_folder(student: str, folder: Path, lessons: dict[str, set[str]],
                   result: Collection) -> None:
    notebooks = sorted(p for p in folder.iterdir()
                       if p.suffix == ".ipynb" and not p.name.startswith("."))
    wanted = [p for p in notebooks if p.stem == folder.name] or notebooks
    lesson = _by_name(folder.name, lessons)
    for path in wanted:
        _take(student, lesson or path.stem, path, lessons, result)


def _take(student: str, name: str, path: Path, lessons: dict[str, set[str]],
          result: Collection) -> None:
    problems: list[str] = []
    content: bytes | None = None
    try:
        content = read_plain(path)
    except OSError as error:
        problems.append(f"{path.name} was refused: {error}")
    lesson = _by_name(name, lessons)
    if lesson is None and content is not None:
        lesson = _by_cells(content, lessons)
    if lesson is None:
        why = problems[0] if problems else "it belongs to no lesson"
        result.unknown.append(f"{path.parent.name}/{path.name}: {why}")
        return
    flat = path.stem.partition("__")[2]
    if lesson not in (path.stem, flat):
        problems.append(f"the file is called {path.name!r} and not '{lesson}.ipynb'")
    clean = _STRANGE.sub("_", student).strip() or "_"
    if clean != student:
        problems.append(f"the name {student!r} is written {clean!r} in the gradebook")
    result.found.append(Found(clean, lesson, path, content, problems, _timestamp(path)))


def read_plain(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises
    ------
    OSError
        It is a link, no regular file, or larger than any notebook.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
                         | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        if path.is_symlink():
            raise OSError("it is a link to another file") from None
        raise OSError("it cannot be read") from None
    with open(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if path.is_symlink() or not stat.S_ISREG(about.st_mode):
            raise OSError("it is no regular file")
        if about.st_size > submission.MAX_BYTES:
            raise OSError(f"it has {about.st_size:,} bytes; at most {submission.MAX_BYTES:,} "
                          "are read")
        return file.read(submission.MAX_BYTES + 1)


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


def _timestamp(path: Path) -> str | None:
    """The text of nbgrader's ``timestamp.txt`` beside the notebook."""
    try:
        return read_plain(path.parent / "timestamp.txt")[:100].decode("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _one_each(found: list[Found]) -> list[Found]:
    """One submission per student and lesson: the readable one that was changed last."""
    chosen: dict[tuple[str, str], Found] = {}
    for item in found:
        key = (item.student, item.lesson)
        other = chosen.get(key)
        if other is None:
            chosen[key] = item
            continue
        newer = max(other, item, key=lambda f: (f.content is not None, _changed(f.path)))
        older = item if newer is other else other
        newer.problems.append(f"handed in more than once; {older.path.name!r} in "
                              f"{older.path.parent.name!r} was left out as the older one")
        chosen[key] = newer
    return [chosen[key] for key in sorted(chosen)]


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
