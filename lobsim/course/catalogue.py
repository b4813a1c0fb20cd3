"""Where the course lies and which lessons it has."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"\d\d_[a-z0-9_]+")


@dataclass(frozen=True)
class Exercise:
    """A marked cell of a lesson.

    Attributes
    ----------
    name : str
        The check's name, or the ``grade_id`` of a written answer.
    title : str
        Heading above the exercise.
    points : float
    manual : bool
        True for a written answer that a person marks.
    """

    name: str
    title: str
    points: float
    manual: bool


@dataclass(frozen=True)
class LessonInfo:
    """One lesson, as its notebook describes itself in ``metadata.lobsim``.

    Attributes
    ----------
    number : int
    name : str
        Folder and notebook name ("01_implementation_shortfall").
    title, question : str
        Title, and the desk question it answers.
    minutes : int
        How long it takes.
    points : float
        Points of all marked cells.
    source_path, release_path : Path or None
        The instructor's and the learner's notebook, where they exist.
    exercises : tuple of Exercise
    """

    number: int
    name: str
    title: str
    minutes: int
    question: str
    points: float
    source_path: Path | None
    release_path: Path | None
    exercises: tuple[Exercise, ...]


class CourseNotFound(FileNotFoundError):
    """No course folder could be found."""


def course_root() -> Path:
    """The folder that holds ``lessons/`` (and, for instructors, ``solutions/``).

    It is ``$LOBSIM_COURSE`` where that is set, else the clone this package lies in.

    Raises
    ------
    CourseNotFound
        Neither is a folder with lessons or solutions.
    """
    given = os.environ.get("LOBSIM_COURSE")
    root = Path(given).expanduser().resolve() if given else Path(__file__).resolve().parents[2]
    if (root / "lessons").is_dir() or (root / "solutions").is_dir():
        return root
    hint = "LOBSIM_COURSE points there" if given else \
        "the package was installed without it; clone the course and set LOBSIM_COURSE to its folder"
    raise CourseNotFound(f"no lessons/ or solutions/ in {root}: {hint}")


def names(root: Path | None = None) -> list[str]:
    """Names of all lessons, in order, from the folders of ``solutions/`` and ``lessons/``."""
    root = Path(root) if root else course_root()
    found = {folder.name for side in ("solutions", "lessons")
             for folder in (root / side).glob("*") if is_lesson_folder(folder)}
    return sorted(found)


def is_lesson_folder(folder: Path) -> bool:
    """Whether a folder is ``NN_name`` and holds ``NN_name.ipynb``."""
    return bool(_NAME.fullmatch(folder.name)) and (folder / f"{folder.name}.ipynb").is_file()


def lessons(root: Path | None = None) -> list[LessonInfo]:
    """All lessons in order.

    Parameters
    ----------
    root : path, optional
        The course folder; by default `course_root`.
    """
    root = Path(root) if root else course_root()
    return [lesson_info(name, root) for name in names(root)]


def lesson_info(name: str, root: Path | None = None) -> LessonInfo:
    """One lesson by its folder name, its number ("1", "01") or the start of its name.

    Raises
    ------
    LookupError
        There is no such lesson, or more than one; the message lists what there is.
    """
    root = Path(root) if root else course_root()
    name = resolve(name, root)
    source = root / "solutions" / name / f"{name}.ipynb"
    release = root / "lessons" / name / f"{name}.ipynb"
    path = release if release.is_file() else source
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LookupError(f"{path} is not a notebook: {error}") from None
    about = notebook.get("metadata", {}).get("lobsim", {})
    exercises = tuple(_exercises(notebook.get("cells", [])))
    return LessonInfo(
        number=int(name[:2]), name=name, title=str(about.get("title", name)),
        minutes=int(about.get("minutes", 0)), question=str(about.get("question", "")),
        points=round(sum(e.points for e in exercises), 6),
        source_path=source if source.is_file() else None,
        release_path=release if release.is_file() else None, exercises=exercises)


def resolve(name: str, root: Path | None = None) -> str:
    """The full name of a lesson that is named in full, by number, or by the start of its name."""
    known = names(root)
    wanted = str(name).strip().strip("/").removesuffix(".ipynb")
    if wanted in known:
        return wanted
    if wanted.isdigit():
        hits = [n for n in known if int(n[:2]) == int(wanted)]
    else:
        hits = [n for n in known if wanted and (n.startswith(wanted) or n[3:].startswith(wanted))]
    if len(hits) == 1:
        return hits[0]
    what = "more than one lesson fits" if hits else "there is no lesson"
    raise LookupError(f"{what} {name!r}; there are: {', '.join(known) or 'none'}")


def _exercises(cells: list[dict]):
    heading = ""
    for cell in cells:
        source = cell.get("source", "")
        source = "".join(source) if isinstance(source, list) else source
        about = cell.get("metadata", {}).get("nbgrader", {})
        if cell.get("cell_type") == "markdown" and not about.get("grade"):
            lines = re.findall(r"^#{2,5}\s+(.+?)\s*#*$", source, flags=re.MULTILINE)
            heading = lines[-1] if lines else heading
        if about.get("grade"):
            manual = bool(about.get("solution"))
            grade_id = str(about.get("grade_id", ""))
            name = grade_id if manual else grade_id.removeprefix("check_")
            yield Exercise(name, heading, float(about.get("points", 0)), manual)
