"""The page a student gets back: marks per exercise, own answer, what the checks said, comments.

One file without any script, readable offline. A content policy in its head keeps a browser from
running or loading anything, should something slip through the cleaning.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lobsim.course import grade_job, submission, times
from lobsim.course.clean_html import clean_html, markdown2html
from lobsim.course.grade_job import Job
from lobsim.course.gradebook import CourseGradebook, Mark, Marks
from lobsim.course.workspace import write_atomically

_VERSION = 5  # raise it when the page changes, so that pages are written again
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; --good: #00735a;
        --part: #8a5a00; --open: #1f6391; --none: #a83f00; --link: #0b5ca8; }
@media (prefers-color-scheme: dark) { :root { --good: #35c79f; --part: #e6a93c;
        --open: #7cc0ee; --none: #ff8f57; --link: #7cc0ee; } }
a { color: var(--link); }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; }  h2 { font-size: 1.2rem; margin: 0; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line);
         vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
header { border-bottom: 3px solid var(--line); padding-bottom: 1rem; margin-bottom: 1.2rem; }
.total { font-size: 1.35rem; font-weight: 700; margin: .5rem 0 0; }
section { border: 1px solid var(--line); border-radius: 8px; margin: 1.4rem 0; padding: 1rem; }
section > .head { display: flex; justify-content: space-between; gap: 1rem; flex-wrap: wrap; }
.mark { font-weight: 700; white-space: nowrap; }
.good { color: var(--good); } .part { color: var(--part); }
.open { color: var(--open); } .none { color: var(--none); }
.label { font-size: .85rem; opacity: .75; margin: .9rem 0 .2rem; }
pre { background: var(--soft); border-radius: 6px; padding: .7rem; margin: 0; overflow-x: auto;
      font: 13.5px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.answer { border-left: 4px solid var(--line); padding-left: .9rem; }
.comment { border-left: 4px solid var(--open); padding: .1rem .9rem; background: var(--soft); }
.problems { border-left: 4px solid var(--part); padding: .2rem .9rem; background: var(--soft); }
img { max-width: 100%; } summary { cursor: pointer; font-weight: 600; }
.cell { margin: .8rem 0; } .output { margin-top: .3rem; overflow-x: auto; }
@media print { section { break-inside: avoid; } details { display: none; } }
"""


def write_pages(book: CourseGradebook, jobs: Iterable[Job],
                marks: dict[tuple[str, str], Marks], root: Path) -> int:
    """Write the pages whose marks, comments or results are new; returns how many."""
    written = 0
    titles: dict[str, tuple[str, dict[str, str]]] = {}
    for job in jobs:
        found = marks[job.student, job.lesson]
        path = book.feedback(job.student, job.lesson) / f"{job.lesson}.html"
        stamp = root / "grading" / "pages" / job.lesson / f"{job.student}.txt"
        key = _key(job, found)
        if path.is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == key:
            continue
        result = grade_job.read_result(job.result, job.key)
        if job.lesson not in titles:
            titles[job.lesson] = _titles(root, job.lesson)
        write_atomically(path, page(result, found, *titles[job.lesson]).encode())
        write_atomically(stamp, key.encode())
        written += 1
    return written


def _key(job: Job, marks: Marks) -> str:
    text = json.dumps([_VERSION, job.key, list(job.problems), asdict(marks)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _titles(root: Path, lesson: str) -> tuple[str, dict[str, str]]:
    from lobsim.course.catalogue import lesson_info

    info = lesson_info(lesson, root)
    return info.title, {exercise.name: exercise.title for exercise in info.exercises}


def page(result: dict, marks: Marks, title: str, exercise_titles: dict[str, str]) -> str:
    """The whole page as HTML.

    Parameters
    ----------
    result : a result file of `grade_job`.
    marks : what the gradebook says about it.
    title, exercise_titles : the lesson's title, and exercise name -> heading.
    """
    cells = result["notebook"]["cells"]
    exercises = [_exercise(cell, cells, marks, exercise_titles) for cell in cells
                 if _about(cell).get("grade") and _about(cell)["grade_id"] in marks.marks]
    name = html.escape(marks.student)
    if cells[0].get("id") == submission.NOTE_ID:
        body = [_problems(result["problems"]), "<p>Nothing in it could be marked. The file is kept "
                "as you handed it in. Open your notebook in JupyterLab, save it, and hand it in "
                "again if your course allows it.</p>"]
    else:
        body = [_problems(result["problems"]), _summary(marks, exercises),
                *(_section(e) for e in exercises), _whole(cells)]
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}: feedback for {name}</title>",
        f"<style>{_STYLE}</style></head><body>",
        _header(marks, title), *body, "</body></html>", ""])


def _about(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


def _exercise(cell: dict, cells: list[dict], marks: Marks,
              titles: dict[str, str]) -> dict[str, Any]:
    """What the page says of one marked cell."""
    about = _about(cell)
    mark = marks.marks[about["grade_id"]]
    written = bool(about.get("solution"))
    name = about["grade_id"] if written else about["grade_id"].removeprefix("check_")
    own = cell if written else next(
        (c for c in cells if _about(c).get("grade_id") == name), None)
    return {"name": name, "title": titles.get(name) or name, "mark": mark, "written": written,
            "answer": own, "panel": None if written else _panel(cell),
            "comment": mark.comment}


def _panel(cell: dict) -> str | None:
    for output in cell.get("outputs", []):
        panel = output.get("data", {}).get("text/html")
        if panel:
            return "".join(panel) if isinstance(panel, list) else panel
    return None


def _state(mark: Mark) -> tuple[str, str, str]:
    """CSS class, symbol and words of a mark."""
    if mark.score is None:
        return "open", "…", f"to be marked, {mark.points:g} points"
    words = f"{mark.score:g} of {mark.points:g}"
    if mark.score >= mark.points:
        return "good", "✓", words
    return ("part", "◐", words) if mark.score > 0 else ("none", "✗", words)


def _header(marks: Marks, title: str) -> str:
    open_points = sum(m.points for m in marks.marks.values() if m.score is None)
    more = f' <span class="open">({open_points:g} still to be marked by hand)</span>' \
        if open_points else ""
    late = (f"<p>Handed in {times.span(marks.seconds_late)} after your due date: "
            f"{marks.late_penalty:g} points taken off.</p>") if marks.late_penalty else ""
    return (f"<header><h1>{html.escape(title)}</h1><div>Feedback for <strong>"
            f"{html.escape(marks.student)}</strong></div>"
            f'<p class="total">{marks.total:g} of {marks.points:g} points{more}</p>{late}</header>')


def _summary(marks: Marks, exercises: list[dict]) -> str:
    rows = []
    commented = any(e["comment"] for e in exercises)
    for e in exercises:
        css, symbol, words = _state(e["mark"])
        note = f'<td>{"see comment" if e["comment"] else ""}</td>' if commented else ""
        link = f'<a href="#{html.escape(e["name"])}">{html.escape(e["title"])}</a>'
        rows.append(f'<tr><td>{link}</td>'
                    f'<td class="n {css}">{symbol} {words}</td>{note}</tr>')
    head = '<th scope="col">Comment</th>' if commented else ""
    return ('<table><thead><tr><th scope="col">Exercise</th><th scope="col" class="n">Points</th>'
            f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>")


def _problems(problems: list[str]) -> str:
    if not problems:
        return ""
    items = "".join(f"<li>{html.escape(p)}</li>" for p in problems)
    return ('<div class="label">About the notebook itself</div>'
            f'<div class="problems"><ul>{items}</ul></div>')


def _section(e: dict[str, Any]) -> str:
    css, symbol, words = _state(e["mark"])
    parts = [f'<section id="{html.escape(e["name"])}"><div class="head">'
             f'<h2>{html.escape(e["title"])}</h2>'
             f'<span class="mark {css}">{symbol} {words}</span></div>']
    if e["panel"]:
        parts.append(f'<div class="label">What the checks say</div>{e["panel"]}')
    if e["comment"]:
        parts.append('<div class="label">Comment</div><div class="comment">'
                     f'{markdown2html({}, e["comment"])}</div>')
    parts.append('<div class="label">Your answer</div>' + _answer(e["answer"]))
    parts.append("</section>")
    return "\n".join(parts)


def _answer(cell: dict | None) -> str:
    if cell is None:
        return "<p><em>The exercise's cell is not in the notebook any more.</em></p>"
    source = _text(cell["source"])
    if not source.strip():
        return "<p><em>Empty.</em></p>"
    if cell["cell_type"] == "code":
        return f"<pre>{html.escape(source)}</pre>"
    context = {"cell": {"attachments": cell.get("attachments", {})}}
    return f'<div class="answer">{markdown2html(context, source)}</div>'


def _whole(cells: list[dict]) -> str:
    """All code with its output, folded."""
    shown = []
    for cell in cells:
        if cell["cell_type"] != "code" or _panel(cell) and _about(cell).get("grade"):
            continue
        outputs = "".join(_output(output) for output in cell.get("outputs", []))
        shown.append(f'<div class="cell"><pre>{html.escape(_text(cell["source"]))}</pre>'
                     f"{outputs}</div>")
    return ("<details><summary>All your code and what it printed when it was graded</summary>"
            + "".join(shown) + "</details>")


def _output(output: dict) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return _pre(output["text"])
    if kind == "error":
        lines = "\n".join(output.get("traceback") or [f"{output['ename']}: {output['evalue']}"])
        return _pre(lines)
    data = output.get("data", {})
    for image in ("image/png", "image/jpeg", "image/gif"):
        if image in data:
            about = output.get("metadata", {}).get(image, {})
            alt = html.escape(about.get("alt") or "a figure without description")
            encoded = re.sub(r"[^A-Za-z0-9+/=]", "", _text(data[image]))
            return (f'<div class="output"><img alt="{alt}" src="data:{image};base64,{encoded}">'
                    "</div>")
    if "text/html" in data:
        return f'<div class="output">{clean_html(_text(data["text/html"]))}</div>'
    return _pre(data.get("text/plain", ""))


def _pre(text: Any) -> str:
    plain = _ANSI.sub("", _text(text))
    return f'<div class="output"><pre>{html.escape(plain)}</pre></div>' if plain.strip() else ""


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
