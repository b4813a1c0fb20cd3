"""The part of grading on a cluster that runs on a node: one submission, from bytes to bytes."""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from lobsim.course import grade_job, left_behind
from lobsim.course.grade_job import Job

_trees: dict[str, Path] = {}  # of this process: course's hash -> where it is laid out
_SKIPPED = {"__pycache__", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Parcel:
    """A job as it travels. ``content`` is the submission; ``sources`` the driver's `sources`."""

    job: Job
    content: bytes | None
    sources: str


@dataclass(frozen=True)
class Outcome:
    """What travels back: the result file's bytes, or why this node cannot grade."""

    node: str
    result: bytes = b""
    unfit: str = ""


@functools.lru_cache(maxsize=1)
def sources() -> str:
    """Hash of the installed `lobsim`: a mark must not depend on which machine gave it."""
    import lobsim

    root = Path(lobsim.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def course_files(root: Path, lesson: str) -> tuple[str, dict[str, bytes]]:
    """All that running a lesson's submissions reads of the course.

    Returns
    -------
    (str, dict)
        A hash of everything, and path below the course -> content: the released lesson, its
        checks (without the solved notebook), and ``data/``.
    """
    found = {}
    places = [(root / "lessons" / lesson, "*"), (root / "solutions" / lesson, "*.py"),
              (root / "data", "*")]
    for folder, pattern in places:
        for path in sorted(folder.rglob(pattern)):
            if path.is_file() and not _SKIPPED & set(path.parts):
                found[path.relative_to(root).as_posix()] = path.read_bytes()
    digest = hashlib.sha256()
    for name, content in found.items():
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest(), found


def run_here(parcel: Parcel, course: tuple[str, dict[str, bytes]]) -> Outcome:
    """Grade one submission on this node.

    Parameters
    ----------
    parcel : Parcel
    course : the lesson's `course_files`.
    """
    import ray

    node = ray.get_runtime_context().get_node_id()
    why = _unfit(parcel)
    if why:
        return Outcome(node, unfit=f"{os.uname().nodename}: {why}")
    tree = _lay_out(*course)
    os.environ["LOBSIM_COURSE"] = str(tree)  # for checks that read the course's data
    with tempfile.TemporaryDirectory(prefix=_prefix()) as folder:
        job = parcel.job
        original = None
        if parcel.content is not None:
            original = Path(folder) / "submission.ipynb"
            original.write_bytes(parcel.content)
        # A node may share a disk with the driver after all: the course there stays hidden too.
        here = replace(job, root=tree, original=original, result=Path(folder) / "result.json",
                       secrets=(*job.secrets, job.root, Path.home(), Path(folder)))
        grade_job.work(here)
        return Outcome(node, result=here.result.read_bytes())


def _unfit(parcel: Parcel) -> str | None:
    """Why this node cannot grade; None where it can."""
    from lobsim.course import sandbox

    if sources() != parcel.sources:
        return "it has another version of lobsim than the machine that grades"
    if parcel.job.sandboxed:
        usable, reason = sandbox.available()
        if not usable:
            return reason
    return None


def _prefix() -> str:
    return f"{left_behind.PREFIXES[1]}{os.getpid()}-"


def _lay_out(key: str, files: dict[str, bytes]) -> Path:
    """The course as a folder of this process, made once and gone with it."""
    if key not in _trees:
        left_behind.clear_temporary()
        tree = Path(tempfile.mkdtemp(prefix=_prefix()))
        atexit.register(shutil.rmtree, tree, ignore_errors=True)
        for name, content in files.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _trees[key] = tree
    return _trees[key]
