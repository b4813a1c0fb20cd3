"""Makes ``lessons/`` from ``solutions/``: learners' notebooks and what their checks may know.

nbgrader's GenerateAssignment does the work in a folder of its own and without a gradebook, so
nothing is left behind.  The result depends on the sources only: releasing twice gives the same
bytes.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course import catalogue
from lobsim.course.audit import audit_lesson
from lobsim.course.declare import load_checks
from lobsim.course.notebook_check import PUBLISHED_FILE
from lobsim.course.plan import PUBLISHED_FORMAT, plan, publish

_SECRETS = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")


class ReleaseError(ValueError):
    """Lessons that cannot be released.

    Attributes
    ----------
    problems : dict of str to list of str
        Lesson -> what must be mended.
    """

    def __init__(self, problems: dict[str, list[str]]):
        self.problems = problems
        lines = [f"{name}: {text}" for name, texts in problems.items() for text in texts]
        super().__init__("not released:\n  " + "\n  ".join(lines))


@dataclass(frozen=True)
class ReleasedLesson:
    """One lesson that was written.  ``changed`` lists its files that are not as they were."""

    name: str
    points: float
    exercises: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What `release` did."""

    lessons: list[ReleasedLesson] = field(default_factory=list)

    def text(self) -> str:
        """One line per lesson."""
        lines = []
        for lesson in self.lessons:
            state = f"wrote {', '.join(lesson.changed)}" if lesson.changed else "in step"
            lines.append(f"{lesson.name}: {lesson.exercises} exercises, {lesson.points:g} points; "
                         f"{state}")
        return "\n".join(lines) or "no lessons in solutions/"


def release(course_root: str | Path | None = None, out: str | Path = "lessons",
            names: list[str] | None = None) -> Report:
    """Write the learners' version of every lesson.

    Parameters
    ----------
    course_root : path, optional
        Folder that holds ``solutions/``; by default the course's.
    out : path
        Where to write, relative to ``course_root``.  A lesson's folder there is replaced.
    names : list of str, optional
        Which lessons; by default all.

    Raises
    ------
    ReleaseError
        Nothing is written if any lesson has a mistake in its sources.
    """
    root = Path(course_root) if course_root else catalogue.course_root()
    names = source_names(root) if names is None else [_source(root, name) for name in names]
    problems = {name: audit_lesson(root / "solutions" / name) for name in names}
    problems = {name: texts for name, texts in problems.items() if texts}
    if problems:
        raise ReleaseError(problems)
    with tempfile.TemporaryDirectory(prefix="lobsim-release-") as scratch:
        made = {name: make(root, name, Path(scratch)) for name in names}
        return Report([_install(name, folder, root / out / name) for name, folder in made.items()])


def in_step(course_root: str | Path | None = None) -> list[str]:
    """How ``lessons/`` differs from what `release` would write; empty when it does not."""
    root = Path(course_root) if course_root else catalogue.course_root()
    wanted = source_names(root)
    differences = [f"lessons/{folder.name} has no source in solutions/"
                   for folder in sorted((root / "lessons").glob("*"))
                   if catalogue.is_lesson_folder(folder) and folder.name not in wanted]
    with tempfile.TemporaryDirectory(prefix="lobsim-release-") as scratch:
        for name in wanted:
            problems = audit_lesson(root / "solutions" / name)
            if problems:
                differences += [f"{name}: {text}" for text in problems]
                continue
            fresh = _files(make(root, name, Path(scratch)))
            present = _files(root / "lessons" / name)
            differences += [f"lessons/{name}/{path} {what}"
                            for path, what in _compare_files(fresh, present)]
    return differences


def make(root: Path, name: str, scratch: Path, db_url: str | None = None) -> Path:
    """One learner's folder, made below ``scratch``; returns it.

    Parameters
    ----------
    root : Path
        The course.
    name : str
        Folder name of the lesson.
    scratch : Path
        An empty folder to work in (or one used for other lessons).
    db_url : str, optional
        A gradebook that shall know the lesson's marked cells (SQLAlchemy URL).  By default none.
    """
    from lobsim.course.release_steps import PRIVATE_FILES

    shutil.copytree(root / "solutions" / name, scratch / "solutions" / name,
                    ignore=shutil.ignore_patterns(*PRIVATE_FILES))
    _generate(scratch, name, db_url)
    folder = scratch / "lessons" / name
    _rewrite(folder / f"{name}.ipynb")
    (folder / PUBLISHED_FILE).write_text(published(root / "solutions" / name), encoding="utf-8")
    leaks = audit_released(folder)
    if leaks:
        raise ReleaseError({name: leaks})
    return folder


def published(folder: Path) -> str:
    """Text of the lesson's ``checks.json``: visible cases, answers and known mistakes as values."""
    checks = [publish(plan(check, folder.name)) for check in load_checks(folder)]
    data = {"format": PUBLISHED_FORMAT, "lesson": folder.name, "checks": checks}
    return json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n"


def after_generate(assignment: str, student: str, notebooks: list[str]) -> None:
    """Hook of stock ``nbgrader generate_assignment``: writes the ``checks.json`` beside its result.

    nbgrader calls it in the course's folder.
    """
    root = Path.cwd()
    text = published(root / "solutions" / assignment)
    (root / "lessons" / assignment / PUBLISHED_FILE).write_text(text, encoding="utf-8")


def audit_released(folder: Path) -> list[str]:
    """What a learner's folder must not hold, one sentence each."""
    problems = []
    for path in sorted(folder.rglob("*")):
        if path.match("checks*.py"):
            problems.append(f"the declarations were copied: {path.name}")
        if path.suffix != ".ipynb":
            continue
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            if _SECRETS.search(source):
                problems.append(f"cell {cell.get('id')}: {_SECRETS.search(source)[0]} is left")
            if cell.get("outputs"):
                problems.append(f"cell {cell.get('id')}: an output is left")
    return problems


def source_names(root: Path) -> list[str]:
    """Names of the lessons that have sources."""
    return sorted(folder.name for folder in (Path(root) / "solutions").glob("*")
                  if catalogue.is_lesson_folder(folder))


def _source(root: Path, name: str) -> str:
    full = catalogue.resolve(name, root)
    if full not in source_names(root):
        raise LookupError(f"lesson {full} has no sources in solutions/")
    return full


def _generate(scratch: Path, name: str, db_url: str | None) -> None:
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import SaveCells
    from traitlets.config import Config

    from lobsim.course.nbgrader_env import tools_on_path
    from lobsim.course.release_steps import CODE_STUB, PRIVATE_FILES, STEPS, TEXT_STUB

    config = Config()
    config.CourseDirectory.root = str(scratch)
    if db_url:
        config.CourseDirectory.db_url = db_url
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "lessons"
    config.CourseDirectory.assignment_id = name
    config.CourseDirectory.ignore = PRIVATE_FILES
    config.GenerateAssignment.no_database = not db_url
    config.GenerateAssignment.preprocessors = [
        step for step in STEPS if db_url or step is not SaveCells]
    config.BlankSolutions.code_stub = {"python": CODE_STUB}
    config.BlankSolutions.text_stub = TEXT_STUB
    config.ClearMarkScheme.enforce_metadata = False
    errors = _Errors()
    log = logging.getLogger("lobsim.release")
    log.propagate = False
    log.addHandler(errors)
    try:
        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
        converter.log = log
        with tools_on_path():
            converter.start()
    except NbGraderException as error:
        raise ReleaseError({name: errors.lines[:3] or [str(error)]}) from None
    finally:
        log.removeHandler(errors)


class _Errors(logging.Handler):
    """Collects nbgrader's error lines, which are clearer than the exception it raises."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().strip()
        self.lines.append(text.splitlines()[-1] if text else "")


def _rewrite(path: Path) -> None:
    """The notebook in nbformat's own layout, with a line end at the end."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")


def _install(name: str, fresh: Path, target: Path) -> ReleasedLesson:
    changed = [path for path, _ in _compare_files(_files(fresh), _files(target))]
    if changed:
        # the new folder is complete before the old one goes
        staging = target.with_name(f".{name}.new")
        shutil.rmtree(staging, ignore_errors=True)
        shutil.copytree(fresh, staging)
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
    info = _points(target / f"{name}.ipynb")
    return ReleasedLesson(name, info[0], info[1], tuple(changed))


def _points(path: Path) -> tuple[float, int]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    marked = [c["metadata"]["nbgrader"] for c in cells
              if c["metadata"].get("nbgrader", {}).get("grade")]
    return sum(float(about["points"]) for about in marked), len(marked)


def _files(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".ipynb_checkpoints" not in path.parts}


def _compare_files(fresh: dict[str, bytes], present: dict[str, bytes]):
    for path in sorted({*fresh, *present}):
        if path not in present:
            yield path, "is missing"
        elif path not in fresh:
            yield path, "is not made by release"
        elif fresh[path] != present[path]:
            yield path, "differs from what release makes"
