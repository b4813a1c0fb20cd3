"""By which way each submission came, and feedback packed so that a teaching system takes it back.

Moodle's "Upload multiple feedback files in a zip" and Canvas's "Upload Submissions" know the owner
of a file by the beginning of its name, which is the one that the download had.
Sources: Moodle, ``mod/assign/feedback/file/importziplib.php`` (``name_number_plugintype_plugin``
as the folder); Canvas, ``generate_comments_from_files`` of its assignments
(``..._user_upload_...`` in the file's name).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lobsim.course.collect import Found
from lobsim.course.workspace import write_atomically

FILE = "grading/hand_ins.json"  # below the course
KINDS = ("plain", "moodle", "canvas")
_TIME = (1980, 1, 1, 0, 0, 0)  # the same pages give the same bytes


class PackError(ValueError):
    """There is nothing to pack; the text says why."""


@dataclass
class Packed:
    """A ZIP of feedback pages: where it is, whose pages are in it, and whose are not."""

    path: Path
    students: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def note(root: Path, found: Iterable[Found]) -> None:
    """Remember how the submissions came; later ones of the same student and lesson replace it."""
    known = _read(root)
    before = json.dumps(known, sort_keys=True)
    for item in found:
        system = item.name.system if item.name else "folder"
        known.setdefault(item.lesson, {})[item.student] = {"system": system, "ticket": item.ticket}
    after = json.dumps(known, sort_keys=True)
    if after != before:
        text = json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False)
        write_atomically(Path(root) / FILE, text.encode())


def _read(root: Path) -> dict:
    try:
        data = json.loads((Path(root) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def pack_feedback(book, lesson: str, kind: str, out: Path) -> Packed:
    """Put a lesson's feedback pages into one ZIP.

    Parameters
    ----------
    book : CourseGradebook
    lesson : str
    kind : str
        ``"plain"`` (``STUDENT/LESSON.html``, to send by any other way), ``"moodle"`` or
        ``"canvas"``. The latter two hold the pages of those who handed in there.
    out : Path
        The ZIP to write.

    Raises
    ------
    PackError
        There is no feedback page for that lesson and way, or `kind` is another word.
    """
    if kind not in KINDS:
        raise PackError(f"{kind!r} is no way to pack feedback; there are: {', '.join(KINDS)}")
    ways = _read(book.root).get(lesson, {})
    packed = Packed(Path(out))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for page in sorted(book.feedback("*", lesson).parent.parent.glob(
                f"*/{lesson}/{lesson}.html")):
            student = page.parent.parent.name
            way = ways.get(student, {})
            if kind == "plain":
                name = f"{student}/{lesson}.html"
            elif way.get("system") != kind or not way.get("ticket"):
                packed.left_out.append(student)
                continue
            elif kind == "moodle":
                name = f"{way['ticket']}/{lesson}.html"
            else:
                name = f"{way['ticket']}_{lesson}_feedback.html"
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, page.read_bytes())
            packed.students.append(student)
    if not packed.students:
        came = f" of students who handed in through {kind.capitalize()}" if kind != "plain" else ""
        raise PackError(f"there are no feedback pages of {lesson}{came}; `lobsim grade` makes them")
    write_atomically(packed.path, buffer.getvalue())
    return packed
