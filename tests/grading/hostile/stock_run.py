"""Stock nbgrader over hostile submissions, in a throw-away copy of a course and shut in itself.

Around it stands a bubblewrap without network whose processes, memory, files and time are limited
from outside: what stock nbgrader lets a submission do must not reach the machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from hostile.desk import LESSON
from lobsim.course import sandbox
from lobsim.course.group_memory import held_bytes
from lobsim.course.kernel import _kill_tree
from lobsim.course.limits import Limits

_UID = 65534  # nobody
_SCRATCH = "/tmp/scratch"
_MEMORY_BYTES = 4 * 1024**3
_INSIDE = Path(__file__).with_name("stock_inside.py")


@dataclass
class StockRun:
    """What became of one call of ``nbgrader autograde``.

    ``marks`` are those of students that have one; ``ended`` says why the run was ended from
    outside, if it was.
    """

    marks: dict[str, float] = field(default_factory=dict)
    code: object = None
    seconds: float = 0.0
    said: str = ""
    alive: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    pages: dict[str, list] = field(default_factory=dict)
    ended: str = ""


def run(course: Path, seconds: float, *, pages: bool) -> StockRun:
    """Autograde everything in ``submitted/`` of `course`, which is used up; `pages`: feed back."""
    answer = course / "answer.json"
    result = StockRun()
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "-h", f"{_UID}:{_UID}", str(course)], check=True)
    process = subprocess.Popen(_argv(course, seconds, answer, pages), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    deadline = time.monotonic() + (2 if pages else 1) * seconds + 90
    while process.poll() is None:
        time.sleep(0.1)
        if held_bytes(process.pid, scratch=False, enough=_MEMORY_BYTES) > _MEMORY_BYTES:
            result.ended = "took more than 4 GiB"
        elif time.monotonic() > deadline:
            result.ended = "never came back"
        if result.ended:
            _kill_tree(process, wrapped=True)
    if answer.is_file() and answer.stat().st_size < 10**6:
        for name, value in json.loads(answer.read_text()).items():
            setattr(result, name, value)
    result.marks = _marks(course)
    return result


def _argv(course: Path, seconds: float, answer: Path, pages: bool) -> list[str]:
    inner = [shutil.which("prlimit") or "prlimit", "--nproc=200", "--fsize=1000000000",
             f"--as={_MEMORY_BYTES}", "--core=0", "--"]
    if os.getuid() == 0:  # limits on processes do not bind root
        inner = [shutil.which("setpriv") or "setpriv", f"--reuid={_UID}", f"--regid={_UID}",
                 "--clear-groups", "--inh-caps=-all", *inner]
    inner += [sys.executable, f"{_SCRATCH}/inside.py", str(course), LESSON, str(seconds),
              str(answer), str(int(pages))]
    line = sandbox.bwrap_argv(inner, limits=Limits(scratch_bytes=2_000_000_000))
    more = []
    for name, value in {"HOME": f"{_SCRATCH}/home", "TMPDIR": _SCRATCH, "USER": "nobody",
                        "LOGNAME": "nobody", "NUMBA_CACHE_DIR": f"{_SCRATCH}/numba",
                        "MPLCONFIGDIR": f"{_SCRATCH}/mpl", "IPYTHONDIR": f"{_SCRATCH}/ipython",
                        "XDG_CACHE_HOME": f"{_SCRATCH}/cache"}.items():
        more += ["--setenv", name, value]
    more += ["--ro-bind", "/etc/passwd", "/etc/passwd", "--ro-bind", "/etc/group", "/etc/group",
             "--perms", "1777", "--tmpfs", _SCRATCH,
             "--ro-bind", str(_INSIDE), f"{_SCRATCH}/inside.py"]
    for parent in list(course.parents)[-2::-1]:
        more += ["--dir", str(parent)]
    more += ["--bind", str(course), str(course)]
    at = max(i for i, word in enumerate(line) if word == "--remount-ro")
    return [*line[:at], *more, *line[at:]]


def _marks(course: Path) -> dict[str, float]:
    """Marks of the checks, read straight from the database."""
    import sqlite3

    query = """select sa.student_id, sum(coalesce(g.auto_score, 0))
               from grade g join submitted_notebook sn on g.notebook_id = sn.id
               join submitted_assignment sa on sn.assignment_id = sa.id group by sa.student_id"""
    try:
        with sqlite3.connect(f"file:{course / 'gradebook.db'}?mode=ro", uri=True) as book:
            return {student: float(score) for student, score in book.execute(query)}
    except sqlite3.Error:
        return {}
