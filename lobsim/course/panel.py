"""A check's result in words: plain text and a small HTML panel, from one outline.

State is always said by a word and a symbol, colour only repeats it.  The panel takes its text
colour from the page, so it reads on light and dark themes; everything in it is escaped.
"""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lobsim.course.judge import CaseResult, CheckResult, PartResult

_CASES_SHOWN = 2  # failing cases of a part that are explained in full
_SETTING = ("Case:", "You called ", "Try it: ")  # lines that set the scene, and say nothing new
_WORDS = {
    "passed": ("✓", "passed"),
    "partly": ("◐", "partly"),
    "failed": ("✗", "not yet"),
    "blank": ("○", "not done"),
    "later": ("…", "when you hand in"),
}
_COLOURS = {"passed": "#009E73", "partly": "#E69F00", "failed": "#D55E00", "blank": "#56B4E9",
            "later": "#56B4E9"}  # Okabe-Ito: told apart with any kind of colour vision


@dataclass
class _Block:
    """One part: its state, its title with points, and below it groups of lines, one per case."""

    state: str
    title: str
    groups: list[list[str]] = field(default_factory=list)


def points(value: float) -> str:
    """Points as people write them: at least one decimal, no dust."""
    text = f"{value:.4f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def headline(result: CheckResult) -> tuple[str, str]:
    """(state, one sentence) for the whole check."""
    later = round(result.points - result.points_visible, 6)
    if result.unanswered:
        return "blank", (f"not done yet: 0.0 of {points(result.points)} points. Put your answer "
                         "in place of the blank, run that cell, then run this one.")
    if result.hidden_judged:
        total = result.points
    else:
        total = result.points_visible
        if not total:
            return "later", f"noted; its {points(later)} points are decided when you hand in."
    if result.passed:
        state = "passed"
    else:
        state = "partly" if result.earned > 0 else "failed"
    sentence = f"{points(result.earned)} of {points(total)} points"
    if later and not result.hidden_judged:
        sentence += (f" here; {points(later)} more for hidden tests, decided when you hand in"
                     + (" (passing here is not yet full marks)" if result.passed else ""))
    return state, sentence + "."


def _outline(result: CheckResult) -> list[_Block]:
    told: set[str] = set()
    messages = dict(result.mistakes)
    return [_block(part, messages, told) for part in result.parts]


def _block(part: PartResult, messages: dict[str, str], told: set[str]) -> _Block:
    title = part.name
    if not part.visible:
        kinds = [part.category] if part.category not in ("", part.name) else []
        title = ": ".join(["hidden", *kinds, part.name])
    if part.state == "later":
        return _Block("later", f"{title} ({points(part.points)} points)")
    block = _Block(part.state, f"{title} ({points(part.earned)} of {points(part.points)})")
    failing = [case for case in part.cases if not case.passed]
    said: set[str] = set()
    rest = []
    for case in failing:
        news = [line for line in case.lines if not line.startswith(_SETTING) and line not in said]
        if news and len(block.groups) < _CASES_SHOWN:
            block.groups.append(_case_lines(case, messages, told))
            said.update(news)
        else:
            rest.append(case)
    closing = []
    if part.visible and rest:
        closing.append(f"... and {len(rest)} more of {len(part.cases)} cases.")
    for case in rest:
        if case.mistake and case.mistake not in told:
            closing.append(_likely(case.mistake, messages, told))
    block.groups += [closing] if closing else []
    return block


def _case_lines(case: CaseResult, messages: dict[str, str], told: set[str]) -> list[str]:
    lines = [f"Case: {case.note}."] if case.note else []
    lines += case.lines
    if case.mistake and case.mistake not in told:
        lines.append(_likely(case.mistake, messages, told))
    return lines


def _likely(name: str, messages: dict[str, str], told: set[str]) -> str:
    told.add(name)
    return f"Likely mistake: {messages.get(name, name)}"


def _closing(result: CheckResult) -> list[str]:
    lines = list(result.remarks)
    if result.allowed and not result.passed:
        lines.append(result.allowed)
    if result.reread and not result.passed:
        lines.append(f"Read again: {result.reread}.")
    return lines


def as_text(result: CheckResult) -> str:
    """Plain text, lines of at most 100 characters."""
    state, sentence = headline(result)
    out = [f"{_WORDS[state][0]} {result.title}: {sentence}"]
    if not result.unanswered:
        for block in _outline(result):
            symbol, word = _WORDS[block.state]
            out += _wrap(f"{symbol} {word}: {block.title}", 2)
            for group in block.groups:
                for position, line in enumerate(group):
                    out += _wrap(line, 4, "- " if position == 0 else "  ")
    for line in _closing(result):
        out += _wrap(line, 2)
    return "\n".join(out)


def _wrap(line: str, indent: int, mark: str = "") -> list[str]:
    space = " " * (indent + len(mark))
    return textwrap.wrap(line, 100, initial_indent=" " * indent + mark,
                         subsequent_indent=space + "  ", break_long_words=False,
                         break_on_hyphens=False) or [space]


def as_html(result: CheckResult) -> str:
    """The panel.  Inline styles only (notebooks strip style sheets); without them it is a list."""
    state, sentence = headline(result)
    symbol, word = _WORDS[state]
    out = [f'<div class="lobsim-check lobsim-{state}" style="border:1px solid {_COLOURS[state]};'
           f'border-left-width:6px;border-radius:4px;padding:0.5em 0.9em;max-width:62em;'
           f'line-height:1.45">',
           f'<div><strong>{symbol} {_e(result.title)}</strong>: {_e(sentence)}</div>']
    if not result.unanswered:
        out.append('<ul style="list-style:none;margin:0.3em 0 0 0;padding-left:0.4em">')
        out += [_block_html(block) for block in _outline(result)]
        out.append("</ul>")
    closing = _closing(result)
    if closing:
        out += [f'<div style="margin-top:0.3em">{_e(line)}</div>' for line in closing]
    out.append("</div>")
    return "".join(out)


def _block_html(block: _Block) -> str:
    symbol, word = _WORDS[block.state]
    lines = "".join("<li>" + "<br>".join(map(_emphasise, group)) + "</li>"
                    for group in block.groups)
    inner = f'<ul style="margin:0.1em 0 0.4em 0">{lines}</ul>' if lines else ""
    return (f'<li><span style="font-weight:600">{symbol} {word}</span>: {_e(block.title)}'
            f"{inner}</li>")


def _emphasise(line: str) -> str:
    """Bold for the words that carry the message, and code for the call."""
    for start in ("Likely mistake:", "Perhaps:", "First difference:"):
        if line.startswith(start):
            return f"<strong>{start}</strong>{_e(line[len(start):])}"
    for start, end in (("You called ", "."), ("Try it: ", "")):
        if line.startswith(start) and line.endswith(end):
            return f"{start}<code>{_e(line[len(start):len(line) - len(end)])}</code>{end}"
    return _e(line)


def _e(text: str) -> str:
    return html.escape(text, quote=True)
