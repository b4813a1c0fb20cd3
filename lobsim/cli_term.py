"""The instructor's commands of a term: ``lobsim roster``, ``lobsim due``, ``lobsim feedback``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lobsim.cli_output import console, escape, one_sentence_errors, print_json, say

__all__ = ["add_commands"]

JsonOption = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]


def _roster(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV of the class: exported from Moodle or Canvas, or a table of your own.",
            show_default="only show the class",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read who is in the class; downloads are then matched to these students.

    Writes roster.csv in the course's folder, and the names into the gradebook.
    """
    from dataclasses import asdict

    from lobsim.course import roster
    from lobsim.course.catalogue import course_root
    from lobsim.course.gradebook import CourseGradebook

    root = course_root()
    new = changed = 0
    if file is not None:
        people = roster.read_csv(file)
        roster.save(root, people)
        new, changed = roster.register(CourseGradebook(root), people)
    people = roster.load(root).people
    if as_json:
        rows = [asdict(person) for person in people]
        print_json({"students": rows, "new": new, "changed": changed})
        return
    if file is None:
        for person in people:
            typer.echo(f"  {person.id}  {person.name}  {person.email}".rstrip())
    say(f"{len(people)} students in the roster" + (f", {new} new and {changed} changed in the "
                                                   "gradebook" if file is not None else ""))


def _due(
    lesson: Annotated[
        str | None, typer.Argument(help="A lesson.", show_default="show all dates")
    ] = None,
    when: Annotated[
        str | None,
        typer.Argument(help="2027-02-01T18:00+01:00, or none.", show_default="show the date"),
    ] = None,
    student: Annotated[
        str | None,
        typer.Option("--student", help="An extension for this student only.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Set or show when a lesson is due; --student grants an extension.

    What is taken off for a late hand-in stands in nbgrader_config.py. New dates count from the next
    `lobsim grade` on, also for what is graded already.
    """
    from lobsim.course import due_dates, times
    from lobsim.course.catalogue import course_root, names
    from lobsim.course.gradebook import CourseGradebook
    from lobsim.course.workspace import resolve_lesson

    root = course_root()
    book = CourseGradebook(root)
    chosen = resolve_lesson(lesson, names(root)) if lesson is not None else None
    if chosen is not None and when is not None:
        moment = None if when == "none" else times.moment(when)
        if student is not None:
            due_dates.set_extension(root, book, student, chosen, moment)
        else:
            due_dates.set_due_date(book, chosen, moment)
    zone = times.zone_of(book.time_zone)
    due = {name: date.astimezone(zone) for name, date in due_dates.due_dates(book).items()
           if chosen in (None, name)}
    longer = [one for one in due_dates.read_extensions(root)
              if one.due is not None and chosen in (None, one.lesson)
              and student in (None, one.student)]
    if as_json:
        print_json({"due": {name: date.isoformat() for name, date in due.items()},
                    "extensions": [{"student": one.student, "lesson": one.lesson,
                                    "due": one.due.astimezone(zone).isoformat()}
                                   for one in longer]})
        return
    for name in sorted(due):
        typer.echo(f"  {name}  {due[name].isoformat(timespec='minutes')}")
        for one in longer:
            if one.lesson == name:
                until = one.due.astimezone(zone).isoformat(timespec="minutes")
                typer.echo(f"      {one.student}: {until}")
    if not due:
        say("no lesson has a due date" if chosen is None else f"{chosen} has no due date")


def _feedback(
    lesson: Annotated[str, typer.Argument(help="A lesson.")],
    way: Annotated[
        str, typer.Option("--zip", help="plain, moodle or canvas: who is to take the ZIP.")
    ] = "plain",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The ZIP.", show_default="LESSON_feedback_WAY.zip here"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Pack a lesson's feedback pages into one ZIP, named as Moodle or Canvas wants them back."""
    from lobsim.course.catalogue import course_root, names
    from lobsim.course.gradebook import CourseGradebook
    from lobsim.course.hand_ins import pack_feedback
    from lobsim.course.workspace import resolve_lesson

    root = course_root()
    chosen = resolve_lesson(lesson, names(root))
    target = out or Path(f"{chosen}_feedback_{way}.zip")
    packed = pack_feedback(CourseGradebook(root), chosen, way, target)
    if as_json:
        print_json({"zip": str(packed.path), "students": packed.students,
                    "left_out": packed.left_out})
        return
    if packed.left_out:
        console().print(f"[yellow]not in it, because they handed in another way:[/yellow] "
                        f"{escape(', '.join(packed.left_out))}")
    say(f"{len(packed.students)} feedback pages in {escape(packed.path)}")


def add_commands(app: typer.Typer) -> None:
    """Hang the commands below ``lobsim``."""
    for name, command in (("roster", _roster), ("due", _due), ("feedback", _feedback)):
        app.command(name, rich_help_panel="Instructor")(one_sentence_errors(command))
