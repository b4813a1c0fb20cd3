"""Hand a lesson in: copy the learner's notebook to a drop folder and give a receipt.

The drop folder has the layout that ``lobsim grade`` and stock nbgrader read:
``<student>/<lesson>/<lesson>.ipynb`` with nbgrader's ``timestamp.txt`` beside it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from lobsim.course.workspace import Workspace, WorkspaceError, write_atomically

EARLIER_FOLDER = ".earlier"  # a hidden folder, so that no grader takes it for a student

__all__ = ["Receipt", "hand_in"]


@dataclass(frozen=True)
class Receipt:
    """What was handed in: enough to prove later which notebook it was.

    ``time`` is UTC, ISO 8601; ``sha256`` is that of the notebook file; ``earlier`` says where
    the previous hand-in of the same lesson was kept, if there was one.
    """

    student: str
    lesson: str
    time: str
    sha256: str
    bytes: int
    notebook: str
    earlier: str | None


def hand_in(
    workspace: Workspace, lesson: str, drop: Path, student: str, now: dt.datetime | None = None
) -> Receipt:
    """Copy the notebook of ``lesson`` to the drop folder; an earlier hand-in is kept.

    Raises
    ------
    WorkspaceError
        If the student's name cannot be a folder name, or the notebook is missing or damaged.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", student):
        raise WorkspaceError(
            f"{student!r} is not a name for hand-ins; use letters, digits, '.', '_' and '-', "
            "at most 64, beginning with a letter or digit"
        )
    source = workspace.notebook(lesson)
    if not source.is_file():
        raise WorkspaceError(f"there is nothing to hand in: {source} does not exist")
    content = source.read_bytes()
    try:
        cells = json.loads(content)["cells"]
    except (ValueError, KeyError, TypeError):
        cells = None
    if not isinstance(cells, list):
        raise WorkspaceError(
            f"{source} is damaged (it is not a notebook); restore it from a backup or run "
            f"`lobsim lab --reset {lesson}`, which keeps the damaged file"
        )
    time = (now or dt.datetime.now(dt.timezone.utc)).astimezone(dt.timezone.utc)
    target = Path(drop).absolute() / student / lesson / source.name
    earlier = _keep_earlier(target, Path(drop).absolute() / EARLIER_FOLDER / student / lesson)
    write_atomically(target, content)
    stamp = time.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    write_atomically(target.with_name("timestamp.txt"), stamp.encode())
    receipt = Receipt(
        student=student,
        lesson=lesson,
        time=time.isoformat(timespec="seconds"),
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        notebook=str(target),
        earlier=str(earlier) if earlier else None,
    )
    name = f"{lesson}_{time.strftime('%Y-%m-%dT%H-%M-%S-%f')}.json"
    write_atomically(
        workspace.state / "receipts" / name, json.dumps(asdict(receipt), indent=1).encode()
    )
    return receipt


def _keep_earlier(target: Path, folder: Path) -> Path | None:
    """Copy what was handed in before to a numbered folder; None if there was nothing."""
    if not target.is_file():
        return None
    number = 1 + sum(1 for _ in folder.glob("*")) if folder.is_dir() else 1
    kept = folder / f"{number:03d}" / target.name
    while kept.parent.exists():
        number += 1
        kept = folder / f"{number:03d}" / target.name
    write_atomically(kept, target.read_bytes())
    stamp = target.with_name("timestamp.txt")
    if stamp.is_file():
        write_atomically(kept.with_name("timestamp.txt"), stamp.read_bytes())
    return kept.parent
