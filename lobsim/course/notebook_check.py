"""What a lesson's setup cell brings in: ``check = lesson("01_x")``, then ``check("nbbo", nbbo)``.

At home the declarations are the published ``checks.json`` beside the notebook.  An author running
the solution notebook, and stock nbgrader on the instructor's machine, get the full declaration.
"""

from __future__ import annotations

import contextlib
import difflib
import html
import io
import json
import os
from pathlib import Path
from typing import Any

from lobsim.course import calling, wire
from lobsim.course.catalogue import CourseNotFound, course_root
from lobsim.course.declare import DeclarationError, load_checks
from lobsim.course.judge import CheckResult, judge
from lobsim.course.plan import PUBLISHED_FORMAT, PlannedCheck, from_published, plan

PUBLISHED_FILE = "checks.json"


class Score(float):
    """Points that a check cell shows: a plain float for nbgrader, a panel for people.

    Attributes
    ----------
    result : CheckResult or None
    text : str
        What the panel says.
    """

    result: CheckResult | None
    text: str
    _html: str

    def __new__(cls, value: float, result: CheckResult | None = None, problem: str = "") -> Score:
        score = super().__new__(cls, value)
        score.result = result
        score.text = result.text() if result else problem
        score._html = result.html() if result else _problem_html(problem)
        return score

    def __repr__(self) -> str:
        return float.__repr__(float(self))

    def _repr_html_(self) -> str:
        return self._html

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # text/plain is what nbgrader reads; only a terminal, which has no panel, gets the words
        printer.text(repr(self) if _in_notebook() else self.text)


class Lesson:
    """The ``check`` of a lesson; made by `lesson`.

    Calling it judges one exercise and never raises.  ``check.inputs(name, n)`` gives the inputs
    of a visible case, to try them out.
    """

    def __init__(self, name: str, checks: dict[str, PlannedCheck], *, hidden: bool,
                 validating: bool = False):
        self.name = name
        self._checks = checks
        self._hidden = hidden
        self._validating = validating

    def __repr__(self) -> str:
        return f"<checks of lesson {self.name}: {', '.join(self._checks) or 'none'}>"

    def __call__(self, name: str, answer: Any = ...) -> Score:
        """Judge the exercise ``name``, whose answer is the given function or value."""
        planned = self._checks.get(name) if isinstance(name, str) else None
        if planned is None:
            near = difflib.get_close_matches(str(name), self._checks, n=1)
            more = f" Did you mean {near[0]!r}?" if near else ""
            return Score(0.0, problem=f"There is no check {name!r} in {self.name}.{more} There "
                         f"are: {', '.join(self._checks) or 'none'}.")
        try:
            result = self._judge(planned, answer)
        except Exception as error:
            # ours, not the learner's: say so instead of breaking the notebook
            return Score(0.0, problem=f"The check {name!r} itself failed ({type(error).__name__}: "
                         f"{error}). This is a fault of the course, please report it.")
        return Score(self._worth(result), result)

    def _judge(self, planned: PlannedCheck, answer: Any) -> CheckResult:
        def call(inputs: dict[str, Any]) -> calling.Outcome:
            return calling.call(answer, planned.kind, inputs, planned.by_keyword)

        if not self._hidden:
            return judge(planned, call, hidden=False)
        # stock nbgrader gives no points to a check cell that writes anything to stderr
        with contextlib.redirect_stderr(io.StringIO()):
            return judge(planned, call, hidden=True)

    def _worth(self, result: CheckResult) -> float:
        if self._validating and not result.hidden_judged and result.passed:
            # `nbgrader validate` knows only full marks or failure; visible cases are all it has
            return float(result.points)
        return float(min(result.earned, result.points))

    def inputs(self, name: str, number: int = 0) -> dict[str, Any]:
        """Fresh inputs of the ``number``-th visible case of a check, as a dict.

        Examples
        --------
        ``nbbo(**check.inputs("nbbo", 1))`` runs the second visible case by hand.
        """
        if name not in self._checks:
            raise KeyError(f"there is no check {name!r}; there are: {', '.join(self._checks)}")
        cases = list(self._checks[name].cases(hidden=False))
        if not 0 <= number < len(cases):
            raise IndexError(f"check {name!r} has {len(cases)} visible cases, numbered from 0")
        return {key: wire.plain(value) for key, value in cases[number].inputs.items()}


def lesson(name: str) -> Lesson:
    """The checks of a lesson, for its setup cell.

    Parameters
    ----------
    name : str
        The lesson's folder name.

    Raises
    ------
    FileNotFoundError
        Neither a declaration nor a published ``checks.json`` can be found.
    """
    grading = os.environ.get("NBGRADER_EXECUTION", "")
    here = Path.cwd()
    declared = _declared(name, here, grading)
    if declared is not None:
        student = here.parent.name if grading == "autograde" else None
        checks = [plan(check, name, student) for check in load_checks(declared)]
        return Lesson(name, {c.name: c for c in checks}, hidden=True)
    published = _published(name, here, grading)
    if published is None:
        raise FileNotFoundError(
            f"the checks of lesson {name!r} are missing: {PUBLISHED_FILE} should lie beside the "
            "notebook. `lobsim lab` puts it back.")
    return Lesson(name, read_published(published, name), hidden=False,
                  validating=grading == "validate")


def read_published(path: Path, name: str) -> dict[str, PlannedCheck]:
    """Read a ``checks.json``.

    Raises
    ------
    DeclarationError
        The file is damaged, belongs to another lesson or to another version of lobsim.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        if data["format"] != PUBLISHED_FORMAT:
            raise DeclarationError(f"{path} has format {data['format']}, this lobsim reads "
                                   f"{PUBLISHED_FORMAT}; update the course with `lobsim lab`")
        if data["lesson"] != name:
            raise DeclarationError(f"{path} belongs to lesson {data['lesson']}, not {name}")
        return {check["name"]: from_published(check, name) for check in data["checks"]}
    except DeclarationError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeclarationError(f"{path} is damaged ({type(error).__name__}: {error}); "
                               "`lobsim lab` puts it back") from None


def _declared(name: str, here: Path, grading: str) -> Path | None:
    """The author's checks.py, where it may be used."""
    beside = here / "checks.py"
    if here.name == name and here.parent.name == "solutions" and beside.is_file():
        return beside
    if not grading:
        return None
    # while grading, the working folder holds what a student handed in: look only outside it
    for root in _roots(here.parent):
        path = root / "solutions" / name / "checks.py"
        if path.is_file():
            return path
    return None


def _published(name: str, here: Path, grading: str) -> Path | None:
    official = [root / "lessons" / name / PUBLISHED_FILE for root in _roots(here.parent)]
    beside = [here / PUBLISHED_FILE]
    order = official + beside if grading == "autograde" else beside + official
    return next((path for path in order if path.is_file()), None)


def _roots(start: Path) -> list[Path]:
    """Folders that may be the course: the one named by the environment, those around, the clone."""
    roots = []
    if os.environ.get("LOBSIM_COURSE"):
        roots.append(Path(os.environ["LOBSIM_COURSE"]).expanduser())
    roots += [start, *start.parents]
    try:
        roots.append(course_root())
    except CourseNotFound:
        pass
    return roots


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return type(get_ipython()).__name__ == "ZMQInteractiveShell"


def _problem_html(problem: str) -> str:
    return (f'<div style="border:1px solid #D55E00;border-left-width:6px;border-radius:4px;'
            f'padding:0.5em 0.9em;max-width:62em"><strong>✗ </strong>{html.escape(problem)}</div>')
