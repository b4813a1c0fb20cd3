"""The bank as a deck for Anki, made with genanki: one note per question, numbers filled in."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from pathlib import Path

from lobsim.course.drill.asked import Asked
from lobsim.course.drill.question import BankError, Question
from lobsim.course.drill.text import emphasised

__all__ = ["export"]

_MODEL_ID = 1_731_902_411  # Anki knows a note type and a deck by these numbers: never change them
_DECK_ID = 1_731_902_412
_CSS = """.card { font-family: sans-serif; font-size: 18px; text-align: left; max-width: 42em;
margin: auto; } pre { font-size: 15px; white-space: pre-wrap; } .about { color: #777; }"""


def export(questions: Sequence[Question], path: str | Path, seed: int = 0) -> int:
    """Write an ``.apkg`` file and return the number of notes.

    A later export of the same question updates its note in Anki and keeps its history.

    Parameters
    ----------
    seed : int
        Of the fresh numbers, which stand still on a card.

    Raises
    ------
    BankError
        genanki is not installed.
    """
    try:
        import genanki
    except ImportError:
        raise BankError("the export to Anki needs the package genanki: pip install "
                        "\"lobsim[anki]\", or pip install genanki") from None
    model = genanki.Model(
        _MODEL_ID, "lobsim interview question",
        fields=[{"name": name} for name in ("Question", "Answer", "Rubric", "About", "Id")],
        templates=[{"name": "Interview", "qfmt": "{{Question}}<hr><div class=about>{{About}}</div>",
                    "afmt": "{{FrontSide}}<hr id=answer>{{Answer}}<hr>{{Rubric}}"}], css=_CSS)
    deck = genanki.Deck(_DECK_ID, "lobsim interviews")
    for question in questions:
        asked = Asked(question, seed)
        rubric = "".join(f"<li>{_html(text)} ({point.marks})</li>"
                         for text, point in zip(asked.rubric, question.rubric, strict=True))
        about = (f"lesson {question.lesson}, {html.escape(question.section)} · {question.kind} · "
                 f"{question.minutes} min · difficulty {question.difficulty}")
        deck.add_note(genanki.Note(
            model=model, guid=hashlib.sha256(f"lobsim {question.id}".encode()).hexdigest()[:16],
            fields=[_html(asked.prompt), _html(asked.model_answer),
                    f"<ul>{rubric}</ul><p>{_html(asked.better)}</p>", about, question.id],
            tags=[f"lesson{question.lesson}", question.kind]))
    genanki.Package(deck).write_to_file(str(path))
    return len(deck.notes)


def _html(text: str) -> str:
    """Paragraphs and code blocks as HTML; braces that Anki would read as fields are kept apart."""
    parts = re.split(r"```(?:python)?\n(.*?)```", text, flags=re.DOTALL)
    shown = []
    for place, part in enumerate(parts):
        escaped = html.escape(part.strip("\n")).replace("{{", "{&#8203;{")
        if place % 2 or re.search(r"^ ?\d+  ", part, flags=re.MULTILINE):
            shown.append(f"<pre>{escaped}</pre>")
        elif escaped.strip():
            shown.append(emphasised(escaped, "<b>", "</b>").replace("\n", "<br>"))
    return "".join(shown)
