"""The learner's own folder: lessons are delivered into it, work in it is never overwritten.

What was delivered is remembered in ``.lobsim/delivered.json``. A file is *touched* when it
differs from what was delivered; for a notebook only the sources of its cells count, because
running it is not work that could be lost. An updated lesson replaces an untouched copy and
arrives beside a touched one under a name of its own. Only ``checks.json``, which the course
generates and nobody edits, is always brought up to date. Every write goes to a temporary file
first and is then renamed, so an interrupted delivery never leaves half a file.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

STATE_FOLDER = ".lobsim"
BACKUP_FOLDER = "backups"
GENERATED = frozenset({"checks.json"})  # the course's own; a damaged one is put back

__all__ = [
    "Delivery",
    "Reset",
    "Workspace",
    "WorkspaceError",
    "fingerprint",
    "resolve_lesson",
    "write_atomically",
]


class WorkspaceError(ValueError):
    """The workspace or a lesson's name is not usable; the message is one sentence."""


@dataclass(frozen=True)
class Delivery:
    """What happened to one file of one lesson.

    ``action`` is one of: ``new`` (first copy, or copied again after the learner deleted it),
    ``current`` (nothing to do), ``updated`` (untouched copy replaced by the new version),
    ``kept`` (the learner's work, no newer version), ``beside`` (the learner's work was kept
    and a newer version now lies at ``path``).
    """

    lesson: str
    file: str
    action: str
    path: Path


@dataclass(frozen=True)
class Reset:
    """A lesson that was set back: the files laid anew and where the earlier work is kept."""

    lesson: str
    files: tuple[Path, ...]
    backup: Path | None


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old or the new file, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".lobsim-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp gives 0600; the learner's own rule holds
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def fingerprint(content: bytes, name: str) -> str:
    """Tell whether two versions of a file hold the same work.

    For a notebook (``name`` ends in ``.ipynb``) only cell types, sources and attachments
    count; outputs, counters and metadata do not. A notebook that cannot be read as one, and
    any other file, counts byte by byte.
    """
    if name.endswith(".ipynb"):
        try:
            cells = json.loads(content)["cells"]
            work = [
                [cell["cell_type"], "".join(cell["source"]), cell.get("attachments") or {}]
                for cell in cells
            ]
            content = b"notebook\n" + json.dumps(work, sort_keys=True).encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
    return hashlib.sha256(content).hexdigest()


def resolve_lesson(wanted: str, names: list[str]) -> str:
    """Find the lesson meant by ``"1"``, ``"01"``, a whole name or an unambiguous part of one.

    Examples
    --------
    >>> resolve_lesson("1", ["00_start_here", "01_implementation_shortfall"])
    '01_implementation_shortfall'
    """
    text = wanted.strip().rstrip("/").removesuffix(".ipynb").split("/")[-1]
    if text in names:
        return text
    if re.fullmatch(r"\d{1,2}", text):
        found = [name for name in names if name.startswith(f"{int(text):02d}_")]
    else:
        found = [name for name in names if text and text.lower() in name.lower()]
    if len(found) == 1:
        return found[0]
    known = ", ".join(names) or "none"
    problem = "matches several lessons" if found else "is not a lesson"
    raise WorkspaceError(f"{wanted!r} {problem}; the lessons here are: {known}")


def _read_or_none(path: Path) -> bytes | None:
    """Content of a regular file, None if nothing is there; a link or folder reads as foreign."""
    if path.is_symlink() or path.is_dir():
        return b"\0not a regular file"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


@dataclass(frozen=True)
class Workspace:
    """A learner's folder and the course that it is fed from.

    Parameters
    ----------
    folder : Path
        The learner's folder; created when lessons are first delivered.
    course : Path
        The course root, which holds ``lessons/``.
    """

    folder: Path
    course: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).absolute())
        object.__setattr__(self, "course", Path(self.course).absolute())
        here = self.folder.resolve()
        if here == self.course.resolve():
            raise WorkspaceError(
                f"the workspace {self.folder} is the course itself; choose a folder of its own"
            )
        for own in ("lessons", "solutions", "lobsim", "tests", "data"):
            if here.is_relative_to((self.course / own).resolve()):
                raise WorkspaceError(
                    f"the workspace {self.folder} lies inside the course's {own}/; "
                    "choose a folder of its own"
                )
        if self.folder.exists() and not self.folder.is_dir():
            raise WorkspaceError(f"the workspace {self.folder} is a file; choose a folder")

    @property
    def state(self) -> Path:
        """The hidden folder that holds what the tools remember."""
        return self.folder / STATE_FOLDER

    def lessons(self) -> list[str]:
        """Names of the lessons that the course can deliver, in order."""
        source = self.course / "lessons"
        if not source.is_dir():
            raise WorkspaceError(f"no lessons were found: {source} does not exist")
        return sorted(path.parent.name for path in source.glob("*/*.ipynb") if _names_lesson(path))

    def notebook(self, lesson: str) -> Path:
        """Where the learner's notebook of ``lesson`` is."""
        return self.folder / lesson / f"{lesson}.ipynb"

    def original(self, lesson: str) -> Path:
        """The notebook of ``lesson`` as the course delivers it now."""
        return self.course / "lessons" / lesson / f"{lesson}.ipynb"

    def prepare(self) -> list[Delivery]:
        """Deliver every lesson: new files, newer versions of untouched ones; keep all work."""
        delivered = self._delivered()
        done = []
        for lesson in self.lessons():
            for file, content in self._lesson_files(lesson).items():
                done.append(self._deliver(lesson, file, content, delivered))
            self._remember(delivered)
        return done

    def reset(self, lesson: str, now: dt.datetime | None = None) -> Reset:
        """Lay a lesson anew; whatever of it the learner changed is kept in a backup folder.

        The backup is complete on disk before the first file is replaced. Files that the
        learner added to the lesson's folder stay where they are.
        """
        files = self._lesson_files(lesson)
        delivered = self._delivered()
        stamp = (now or dt.datetime.now()).strftime("%Y-%m-%d_%H-%M-%S")
        backup = _unused(self.folder / BACKUP_FOLDER / lesson / stamp)
        kept = False
        for file, content in files.items():
            target = self.folder / lesson / file
            if target.is_symlink() or target.is_dir():
                raise WorkspaceError(f"{target} is not a regular file; move it away, then reset")
            present = _read_or_none(target)
            if present is not None and present != content:
                write_atomically(backup / file, present)
                kept = True
        for file, content in files.items():
            write_atomically(self.folder / lesson / file, content)
            delivered[f"{lesson}/{file}"] = _record(content, file)
        self._remember(delivered)
        return Reset(
            lesson, tuple(self.folder / lesson / file for file in files), backup if kept else None
        )

    def touched(self, lesson: str) -> bool:
        """Whether the learner changed a cell of the lesson's notebook since it was delivered."""
        content = _read_or_none(self.notebook(lesson))
        if content is None:
            return False
        name = f"{lesson}.ipynb"
        record = self._delivered().get(f"{lesson}/{name}")
        if record is None:
            original = self._lesson_files(lesson).get(name, b"")
            return fingerprint(content, name) != fingerprint(original, name)
        return fingerprint(content, name) != record["work"]

    def where_left_off(self) -> str:
        """The lesson whose notebook was changed last; the first one if none was."""
        names = self.lessons()
        if not names:
            raise WorkspaceError(f"no lessons were found in {self.course / 'lessons'}")
        worked_on = [name for name in names if self.touched(name)]
        return max(worked_on, key=lambda n: self.notebook(n).stat().st_mtime, default=names[0])

    def _lesson_files(self, lesson: str) -> dict[str, bytes]:
        """Files of a lesson by their path inside it, POSIX style, with their content."""
        source = self.course / "lessons" / lesson
        paths = sorted(path for path in source.rglob("*") if path.is_file())
        inside = {path.relative_to(source): path for path in paths}
        return {
            relative.as_posix(): path.read_bytes()
            for relative, path in inside.items()
            if not any(part.startswith((".", "__pycache__")) for part in relative.parts)
        }

    def _deliver(
        self, lesson: str, file: str, content: bytes, delivered: dict[str, dict[str, str]]
    ) -> Delivery:
        """Bring one file up to date without losing work; records what was done."""
        key, target = f"{lesson}/{file}", self.folder / lesson / file
        new, record, present = _record(content, file), delivered.get(key), _read_or_none(target)
        if present is None:
            write_atomically(target, content)
            delivered[key] = new
            return Delivery(lesson, file, "new", target)
        work = fingerprint(present, file)
        untouched = record is not None and work == record["work"]
        if present == content or (untouched and record["bytes"] == new["bytes"]):
            delivered[key] = new
            return Delivery(lesson, file, "current", target)
        if untouched or work == new["work"] or (file in GENERATED and target.is_file()):
            write_atomically(target, content)
            delivered[key] = new
            return Delivery(lesson, file, "updated", target)
        if record is not None and new["bytes"] in (record["bytes"], record.get("beside")):
            return Delivery(lesson, file, "kept", target)
        beside = target.with_name(f"{target.stem}.update-{new['work'][:8]}{target.suffix}")
        if _read_or_none(beside) is None:
            write_atomically(beside, content)
        delivered[key] = {**(record or {"bytes": "", "work": ""}), "beside": new["bytes"]}
        return Delivery(lesson, file, "beside", beside)

    def _delivered(self) -> dict[str, dict[str, str]]:
        """What was delivered; a missing or damaged list reads as empty, so all counts as work."""
        try:
            entries = json.loads((self.state / "delivered.json").read_bytes())["files"]
            return {
                key: record
                for key, record in entries.items()
                if isinstance(record.get("bytes"), str) and isinstance(record.get("work"), str)
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _remember(self, delivered: dict[str, dict[str, str]]) -> None:
        text = json.dumps({"version": 1, "files": delivered}, indent=1, sort_keys=True)
        write_atomically(self.state / "delivered.json", text.encode())


def _names_lesson(path: Path) -> bool:
    """A lesson's notebook carries its folder's name: 00_start_here/00_start_here.ipynb."""
    return path.stem == path.parent.name and re.match(r"\d\d_", path.stem) is not None


def _record(content: bytes, file: str) -> dict[str, str]:
    return {
        "bytes": hashlib.sha256(content).hexdigest(),
        "work": fingerprint(content, file),
    }


def _unused(path: Path) -> Path:
    """``path``, or the first of ``path-2``, ``path-3`` ... that does not exist yet."""
    number, free = 2, path
    while free.exists():
        free, number = path.with_name(f"{path.name}-{number}"), number + 1
    return free
