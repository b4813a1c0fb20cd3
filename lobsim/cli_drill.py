"""The command ``lobsim drill``: interview questions in the terminal, or through a pipe."""

from __future__ import annotations

import datetime as dt
import inspect
import random
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lobsim.cli_output import console, escape, one_sentence_errors, print_json

if TYPE_CHECKING:
    from lobsim.course.drill.asked import Asked, Verdict
    from lobsim.course.drill.question import Question
    from lobsim.course.drill.session import Session

__all__ = ["add_commands"]


class _Stop(Exception):
    """The learner wants to stop, or there is nobody to answer."""


class _Desk:
    """Speaks and listens; with ``--json`` it speaks on standard error and leaves the other free."""

    def __init__(self, quiet_stdout: bool):
        self.stream = sys.stderr if quiet_stdout else sys.stdout
        if quiet_stdout:
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False,
                                    width=None if sys.stderr.isatty() else 100)
        else:
            self._console = console()

    def say(self, markup: str = "") -> None:
        self._console.print(markup)

    def tell(self, text: str) -> None:
        """Text of the bank: brackets stay, ``**bold**`` is bold, code stands without its fences."""
        from lobsim.course.drill.text import emphasised

        shown = re.sub(r"^```\w*\n?", "", escape(text), flags=re.MULTILINE)
        self._console.print(emphasised(shown, "[bold]", "[/bold]"))

    def ask(self, prompt: str) -> str:
        """One line; raises _Stop at the end of the input and for q."""
        self.stream.write(prompt)
        self.stream.flush()
        line = sys.stdin.readline()
        if not line:
            self.stream.write("\n")
            raise _Stop
        if not sys.stdin.isatty():
            self.stream.write("\n")
        if line.strip().casefold() in ("q", "quit"):
            raise _Stop
        return line.strip()


def _drill(
    desk_name: Annotated[
        str | None,
        typer.Argument(metavar="[DESK]", show_default=False,
                       help="With --mock: bank, maker or buyside.")
    ] = None,
    lesson: Annotated[
        str | None, typer.Option("--lesson", "-l", help="Of one lesson only, as 04.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", "-k", help="concept, derivation, coding, debugging, estimation "
                                          "or case."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", "-m", min=1, help="Stop when no question fits any more.",
                     show_default="15, or 45 for a mock interview"),
    ] = None,
    mock: Annotated[
        bool, typer.Option("--mock", help="An interview of 45 minutes over all lessons, with a "
                                          "written report; name a desk for its own programme.")
    ] = False,
    anki: Annotated[
        Path | None, typer.Option("--anki", metavar="FILE", help="Write the questions as a deck "
                                                                 "for Anki (.apkg).")
    ] = None,
    question: Annotated[
        str | None, typer.Option("--question", help="Ask this one, by its id.")
    ] = None,
    list_all: Annotated[
        bool, typer.Option("--list", help="List the questions; ask none.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show by lesson what was seen and what is due.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="The same seed gives the same numbers, order and interview.",
                     show_default="fresh each time"),
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", envvar="LOBSIM_WORKSPACE", show_default=False,
                     help="Your own folder [default: workspace/ in the course]."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print figures as JSON, for programs.")
    ] = False,
) -> None:
    """Interview questions, timed and marked; those answered badly come back soon.

    Answers are kept as they are given: Ctrl-C or q stops, and loses none.
    """
    from lobsim.course.drill import bank
    from lobsim.course.drill.question import BankError
    from lobsim.course.drill.record import Record

    if desk_name is not None and not mock:
        raise BankError(f"{desk_name!r} is read only with --mock: lobsim drill --mock {desk_name}")
    chosen = [bank.find(question)] if question else bank.choose(lesson=lesson, kind=kind)
    number = random.SystemRandom().randrange(10 ** 6) if seed is None else seed
    if list_all:
        _list(chosen, as_json)
        return
    if anki is not None:
        _export(chosen, anki, number, as_json)
        return
    own = _workspace(workspace)
    record = Record(own.state / "drill.jsonl")
    if status:
        _status(chosen, record, as_json)
        return
    desk = _Desk(as_json)
    if mock:
        _mock(desk, own.folder, record, number, minutes, as_json, desk_name)
    else:
        _practise(desk, own.folder, record, chosen, number, minutes, as_json)


def _workspace(folder: Path | None) -> Any:
    from lobsim.course.catalogue import course_root
    from lobsim.course.workspace import Workspace

    root = Path(course_root())
    return Workspace(folder or root / "workspace", root)


def _list(chosen: list[Question], as_json: bool) -> None:
    rows = [{"id": q.id, "lesson": q.lesson, "kind": q.kind, "minutes": q.minutes,
             "difficulty": q.difficulty, "marks": q.marks, "checked": q.check} for q in chosen]
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("lesson", "id", "kind", "minutes", "difficulty", "checked by a program"):
        table.add_column(name)
    for row in rows:
        table.add_row(row["lesson"], row["id"], row["kind"], str(row["minutes"]),
                      str(row["difficulty"]), row["checked"])
    console().print(table)


def _export(chosen: list[Question], path: Path, seed: int, as_json: bool) -> None:
    from lobsim.course.drill.anki import export

    count = export(chosen, path, seed)
    if as_json:
        print_json({"file": str(path), "notes": count, "seed": seed})
    else:
        console().print(f"{count} notes in {escape(path)}: in Anki, File, Import.")


def _status(chosen: list[Question], record: Any, as_json: bool) -> None:
    from lobsim.course.drill.session import status

    rows = status(chosen, record, dt.date.today())
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("lesson", "questions", "seen", "due", "marks, last time"):
        table.add_column(name, justify="right")
    for row in rows:
        marks = f"{row['marks']} / {row['possible']}" if row["possible"] else ""
        table.add_row(row["lesson"], str(row["questions"]), str(row["seen"]), str(row["due"]),
                      marks)
    console().print(table)


def _practise(desk: _Desk, folder: Path, record: Any, chosen: list[Question], seed: int,
              minutes: float | None, as_json: bool) -> None:
    from lobsim.course.drill.session import Session, order_of

    cards = record.cards()
    _tell_damage(desk, record)
    ordered = order_of(chosen, cards, dt.date.today(), random.Random(seed))
    length = minutes if minutes is not None else (None if len(ordered) == 1 else 15)
    session = Session(ordered, record, minutes=length, seed=seed)
    due = sum(q.id in cards and cards[q.id].due <= dt.date.today() for q in chosen)
    new = sum(q.id not in cards for q in chosen)
    desk.say(f"{_count(len(chosen), 'question')}, {due} due, {new} new. "
             "q stops; what was answered is kept.")
    _run(desk, session, folder)
    found = session.summary()
    if as_json:
        print_json(found)
    elif found["asked"]:
        desk.say(f"\n[bold]{found['marks']} of {found['possible']} marks[/bold] in "
                 f"{_count(found['asked'], 'question')}. What was weak comes back tomorrow; "
                 "`lobsim drill --status` shows what is due.")
    else:
        desk.say("Nothing was answered.")


def _mock(desk: _Desk, folder: Path, record: Any, seed: int, minutes: float | None,
          as_json: bool, programme_name: str | None = None) -> None:
    from lobsim.course.drill import bank
    from lobsim.course.drill.mock import LENGTH, draw, report
    from lobsim.course.drill.programmes import programme
    from lobsim.course.drill.session import Session
    from lobsim.course.workspace import write_atomically

    fixed = programme(programme_name) if programme_name else None
    drawn = fixed.slots() if fixed else draw(bank.load(), seed)
    _tell_damage(desk, record)
    name = f"{dt.datetime.now():%Y-%m-%d %H.%M}, seed {seed}"
    if fixed:
        name = f"{fixed.name}, {name}"
        desk.say(f"[bold]{fixed.role[0].upper()}{fixed.role[1:]}.[/bold] They listen for "
                 f"{fixed.listens_for}.")
    session = Session([q for _, q in drawn], record, minutes=minutes or LENGTH, seed=seed,
                      mock=name)
    desk.say(f"[bold]{len(drawn)} questions, {sum(q.minutes for _, q in drawn)} minutes of "
             f"answering.[/bold] Marking does not count. q ends the interview.")
    slots = {q.id: slot for slot, q in drawn}
    _run(desk, session, folder, slots)
    answered = {answer.question for answer in session.answers}
    left = [q for _, q in drawn if q.id not in answered]
    path = None
    if session.answers:
        path = folder / "mock_interviews" / f"{dt.datetime.now():%Y%m%d_%H%M%S}_{seed}.md"
        write_atomically(path, report(name, session.answers, left).encode())
    found = session.summary()
    found["possible"] += sum(q.marks for q in left)
    if as_json:
        print_json(found | {"not_reached": [q.id for q in left],
                            "report": str(path) if path else None})
    elif path:
        desk.say(f"\n[bold]{found['marks']} of {found['possible']} marks.[/bold] The report:")
        desk.tell(f"  {path}")
    else:
        desk.say("Nothing was answered, so there is no report.")


def _tell_damage(desk: _Desk, record: Any) -> None:
    record.answers()
    if record.damaged:
        desk.say(f"[yellow]{_count(record.damaged, 'line')} of {escape(record.path)} cannot be "
                 "read; passed over, and left as it is.[/yellow]")


def _run(desk: _Desk, session: Session, folder: Path, slots: dict | None = None) -> None:
    title = ""
    try:
        while (asked := session.next()) is not None:
            slot = slots[asked.question.id] if slots else None
            if slot and slot.title != title:
                title = slot.title
                desk.say(f"\n[bold underline]{title}[/bold underline]  "
                         f"[dim]{session.spent_s / 60:.0f} of {session.minutes:g} minutes "
                         "used[/dim]")
            _one(desk, session, asked, folder)
    except (_Stop, KeyboardInterrupt):
        desk.say("\nStopped.")


def _one(desk: _Desk, session: Session, asked: Asked, folder: Path) -> None:
    question = asked.question
    desk.say(f"\n[bold]{question.id}[/bold]  lesson {question.lesson} · {question.kind} · "
             f"{question.minutes} min · {question.marks} marks")
    desk.tell(asked.prompt)
    begun = time.monotonic()
    verdict = _answer(desk, asked, folder)
    seconds = time.monotonic() - begun
    for line in verdict.lines if verdict else ():
        desk.tell(line)
    over = " [yellow](over time)[/yellow]" if seconds > 60 * question.minutes else ""
    desk.say(f"\n[dim]{seconds / 60:.1f} of {question.minutes} minutes[/dim]{over}\n"
             "[bold]A strong answer[/bold]")
    desk.tell(asked.model_answer)
    desk.say("[bold]What lifts it[/bold]")
    desk.tell(asked.better)
    desk.say(f"[dim]Read again: lesson {question.lesson}, {escape(question.section)}[/dim]")
    answer = session.mark(asked, _self_marks(desk, asked), seconds, verdict)
    due = session.record.cards()[question.id].due
    desk.say(f"{answer.marks} of {answer.possible} marks; it comes back on {due.isoformat()}.")


def _answer(desk: _Desk, asked: Asked, folder: Path) -> Verdict | None:
    from lobsim.course.drill.units import UnitError

    kind = asked.question.check
    if kind == "function":
        return _function(desk, asked, folder)
    if not kind:
        desk.ask("Answer aloud, then press Enter. ")
        return None
    what = "Which line is wrong? " if kind == "line" else \
        f"Your answer{f' in {asked.unit}' if asked.unit else ''}: "
    while True:
        typed = desk.ask(what)
        if not typed:
            return None
        try:
            return asked.judge_typed(typed)
        except UnitError as error:
            desk.tell(str(error))


def _function(desk: _Desk, asked: Asked, folder: Path) -> Verdict | None:
    from lobsim.course.drill.coding import CODE, load_function, stub

    name = asked.question.code
    path = _unused(folder / "drill" / f"{name}.py")
    path.parent.mkdir(parents=True, exist_ok=True)
    signature = f"{name}{inspect.signature(CODE[name].reference)}"
    path.write_text(stub(name, signature), encoding="utf-8")
    desk.say("Write it in this file, save, and press Enter; `give up` shows the answer.")
    desk.tell(f"  {path}")
    verdict = None
    while desk.ask("Enter when it is saved: ").casefold() != "give up":
        try:
            function = load_function(path.read_text(encoding="utf-8"), name, str(path))
        except ValueError as error:
            desk.tell(str(error))
            continue
        verdict = asked.judge_function(function)
        if verdict.right:
            return verdict
        for line in verdict.lines:
            desk.tell(line)
    return verdict


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _unused(path: Path) -> Path:
    """A file that does not exist yet: earlier answers are never overwritten."""
    tried, number = path, 1
    while tried.exists():
        number += 1
        tried = path.with_stem(f"{path.stem}_{number}")
    return tried


def _self_marks(desk: _Desk, asked: Asked) -> list[bool]:
    points, shown = asked.question.rubric, asked.rubric
    own = [place for place, point in enumerate(points) if not point.automatic]
    if not own:
        return [False] * len(points)
    desk.say("[bold]Which of these did you say?[/bold]")
    for number, place in enumerate(own, 1):
        marks = f" ({points[place].marks} marks)" if points[place].marks > 1 else ""
        desk.tell(f"  {number}  {shown[place]}{marks}")
    while True:
        typed = desk.ask("Their numbers, as 1 3; all; or Enter for none: ").casefold()
        words = typed.replace(",", " ").split()
        if typed == "all":
            words = [str(number) for number in range(1, len(own) + 1)]
        if typed == "none":
            words = []
        if all(word.isdecimal() and 1 <= int(word) <= len(own) for word in words):
            made = {own[int(word) - 1] for word in words}
            return [place in made for place in range(len(points))]
        desk.tell(f"{typed!r} names no points; type numbers from 1 to {len(own)}")


def add_commands(app: typer.Typer) -> None:
    """Hang the command below ``lobsim``."""
    app.command("drill", rich_help_panel="Learner")(one_sentence_errors(_drill))
