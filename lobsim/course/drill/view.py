"""The drill in a notebook: the same session, with a text field and buttons."""

from __future__ import annotations

import datetime as dt
import html
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lobsim.course.drill import bank
from lobsim.course.drill.asked import Asked, Verdict
from lobsim.course.drill.mock import LENGTH
from lobsim.course.drill.programmes import programme
from lobsim.course.drill.record import Record
from lobsim.course.drill.session import Session, order_of
from lobsim.course.drill.text import emphasised
from lobsim.course.drill.units import UnitError

__all__ = ["DrillView", "drill"]


class DrillView:
    """One question at a time: answer, compare, mark, next.

    Parameters
    ----------
    session : Session

    Notes
    -----
    A function is handed in from a cell of its own: ``view.check(my_function)``. After a mock
    interview, or within one, ``print(view.report())`` is what the terminal would write to a file.
    """

    def __init__(self, session: Session):
        import ipywidgets as widgets

        self._widgets = widgets
        self.session = session
        self.asked: Asked | None = None
        self._verdict: Verdict | None = None
        self._boxes: list[tuple[int, Any]] = []
        self._said = widgets.HTML()
        self._typed = widgets.Text(placeholder="your answer", layout={"width": "24em"})
        self._show = widgets.Button(description="Show the answer")
        self._points = widgets.VBox()
        self._next = widgets.Button(description="Keep, next question")
        self._told = widgets.HTML()
        self.widget = widgets.VBox([self._said, self._typed, self._show, self._told, self._points,
                                    self._next])
        self._show.on_click(lambda _: self.reveal())
        self._next.on_click(lambda _: self.keep())
        self._ask()

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def _ask(self) -> None:
        self.asked, self._verdict, self._boxes = self.session.next(), None, []
        self._points.children = ()
        self._told.value = self._typed.value = ""
        self._visible(self._next, False)
        if self.asked is None:
            found = self.session.summary()
            self._said.value = (f"<p><b>{found['marks']} of {found['possible']} marks</b> in "
                                f"{found['asked']} questions.</p>")
            self._visible(self._typed, False)
            self._visible(self._show, False)
            return
        question = self.asked.question
        about = (f"{question.id} · lesson {question.lesson} · {question.kind} · "
                 f"{question.minutes} min · {question.marks} marks")
        how = {"number": f"<p>A number, in: {html.escape(self.asked.unit or 'no unit')}</p>",
               "line": "<p>Which line is wrong?</p>",
               "function": f"<p>Define <code>{question.code}</code> in a cell and run "
                           f"<code>view.check({question.code})</code>, where <code>view</code> is "
                           "what <code>drill()</code> gave you.</p>"}
        self._said.value = (f"<p style='opacity:0.7'>{html.escape(about)}</p>"
                            f"{_text(self.asked.prompt)}{how.get(question.check, '')}")
        self._visible(self._typed, question.check in ("number", "line"))
        self._visible(self._show, True)
        self._begun = time.monotonic()
        self._seconds = 0.0

    def check(self, function: Callable) -> None:
        """Judge a function that the present question asks for."""
        if self.asked is None or self.asked.question.check != "function":
            raise ValueError("the present question asks for no function")
        self._verdict = self.asked.judge_function(function)
        self._told.value = _text("\n".join(self._verdict.lines))

    def report(self) -> str:
        """The report of a mock interview up to now, in Markdown.

        Raises
        ------
        ValueError
            This is a drill and no interview.
        """
        from lobsim.course.drill.mock import report

        if not self.session.mock:
            raise ValueError('this is a drill; only a mock interview, such as drill(mock="bank"), '
                             "has a report")
        answered = {answer.question for answer in self.session.answers}
        left = [q for q in self.session.questions if q.id not in answered]
        return report(self.session.mock, self.session.answers, left)

    def reveal(self) -> None:
        """Judge what was typed, show the model answer and the points to be marked."""
        if self.asked is None or self._boxes or self._points.children:
            return
        question = self.asked.question
        if question.check in ("number", "line") and self._typed.value.strip():
            try:
                self._verdict = self.asked.judge_typed(self._typed.value)
            except UnitError as error:
                self._told.value = f"<p>{html.escape(str(error))}</p>"
                return
        self._seconds = time.monotonic() - self._begun
        told = list(self._verdict.lines) if self._verdict else []
        self._told.value = (_text("\n".join(told)) + "<p><b>A strong answer</b></p>"
                            + _text(self.asked.model_answer) + "<p><b>What lifts it</b></p>"
                            + _text(self.asked.better))
        for place, point in enumerate(question.rubric):
            if not point.automatic:
                box = self._widgets.Checkbox(
                    description=f"{self.asked.rubric[place]} ({point.marks})", indent=False,
                    layout={"width": "auto"})
                self._boxes.append((place, box))
        self._points.children = tuple(box for _, box in self._boxes) or (
            self._widgets.HTML("<p>A program has marked it.</p>"),)
        self._visible(self._show, False)
        self._visible(self._next, True)

    def keep(self) -> None:
        """Remember the marks, and ask the next question."""
        if self.asked is None or not self._points.children:
            return
        made = {place for place, box in self._boxes if box.value}
        self.session.mark(self.asked, [place in made for place in
                                       range(len(self.asked.question.rubric))],
                          self._seconds, self._verdict)
        self._ask()

    def _visible(self, widget: Any, wanted: bool) -> None:
        widget.layout.display = None if wanted else "none"


def drill(*, lesson: str | None = None, kind: str | None = None, minutes: float | None = None,
          seed: int | None = None, workspace: str | Path | None = None,
          mock: str | None = None) -> DrillView:
    """Begin a drill in a notebook; the last line of a cell shows it.

    Parameters
    ----------
    lesson, kind : str, optional
        Only questions of one lesson ("04") or kind.
    minutes : float, optional
        15 by default, 45 for a mock interview.
    seed : int, optional
        The same seed gives the same order and numbers.
    workspace : path, optional
        Your own folder; default as for ``lobsim drill``, with which progress is shared.
    mock : str, optional
        The programme of a mock interview: "bank", "maker" or "buyside". Then `lesson` and `kind`
        do not count.

    Examples
    --------
    ``view = drill(lesson="04", minutes=10)`` and, on the next line, ``view``.
    """
    from lobsim.course.catalogue import course_root
    from lobsim.course.workspace import Workspace

    root = Path(course_root())
    record = Record(Workspace(Path(workspace or root / "workspace"), root).state / "drill.jsonl")
    number = random.SystemRandom().randrange(10 ** 6) if seed is None else seed
    if mock is not None:
        asked = [question for _, question in programme(mock).slots()]
        return DrillView(Session(asked, record, minutes=LENGTH if minutes is None else minutes,
                                 seed=number, mock=f"{mock}, seed {number}"))
    ordered = order_of(bank.choose(lesson=lesson, kind=kind), record.cards(), dt.date.today(),
                       random.Random(number))
    return DrillView(Session(ordered, record, minutes=15 if minutes is None else minutes,
                             seed=number))


def _text(text: str) -> str:
    shown = emphasised(html.escape(text), "<b>", "</b>")
    return f"<div style='white-space:pre-wrap;max-width:50em'>{shown}</div>" if text else ""
