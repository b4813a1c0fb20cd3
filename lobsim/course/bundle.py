"""The course as a ZIP for learners: lessons with their visible cases, the library, the data.

Nothing of ``solutions/`` or ``tests/`` is in it, so no solution, mark scheme or hidden case can be
read. The same files give the same bytes on every machine: entries are sorted, stored without
compression, and carry no date.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lobsim.course import catalogue, wire
from lobsim.course.declare import load_checks
from lobsim.course.plan import plan

TOP = "lobsim-course"  # the one folder in the ZIP
_FILES = ("pyproject.toml", "environment.yml", "LICENSE")
_FOLDERS = ("lobsim", "data")
_IGNORED = re.compile(r"(^|/)(__pycache__|\.[^/]*|[^/]*\.egg-info)(/|$)|\.py[co]$")
_REGION = re.compile(r"BEGIN (SOLUTION|MARK SCHEME)[^\n]*\n(.*?)\n[^\n]*END \1", re.DOTALL)
_TELLING = 40  # characters from which on a text found elsewhere is no coincidence

README = """# lobsim: a course on market microstructure and learning to trade

Everything here runs on your own machine, and offline once it is installed. You need Python 3.11 or
newer.

```bash
python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/lobsim lab
```

On Windows (PowerShell):

```powershell
py -m venv .venv; .venv\\Scripts\\pip install -e .; .venv\\Scripts\\lobsim lab
```

With conda: `conda env create -f environment.yml && conda activate lobsim && lobsim lab`.
The examples below write `lobsim` for `.venv/bin/lobsim`.

```bash
lobsim lab 00        # open a lesson; your work goes to workspace/ and is never overwritten
lobsim check 00      # run the checks on your notebook, explained
lobsim progress      # all lessons at a glance
lobsim handin 00 --to FOLDER --student NAME   # hand in, with a receipt
lobsim doctor        # what is wrong with the set-up, and how to mend it
```

A check judges the visible cases here. The hidden ones are with your instructor and decide the rest
of the points when you hand in.

| # | lesson | desk question | minutes |
|---|---|---|---|
"""


class BundleError(ValueError):
    """A bundle that must not be given away; the message says why."""


@dataclass(frozen=True)
class Bundle:
    """What was written: ``size`` in bytes, ``sha256`` of the ZIP."""

    path: Path
    files: int
    size: int
    sha256: str
    lessons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {**asdict(self), "path": str(self.path)}


def write_bundle(root: Path, target: Path, names: list[str] | None = None) -> Bundle:
    """Write the learners' ZIP.

    Parameters
    ----------
    root : Path
        The course.
    target : Path
        The ZIP to write; replaced where it exists, and only once it is complete.
    names : list of str, optional
        Which lessons; by default all that are released.

    Raises
    ------
    BundleError
        ``lessons/`` is out of step with ``solutions/``, or a secret would be given away.
    """
    from lobsim.course.release import in_step

    root, target = Path(root).resolve(), Path(target)
    if target.is_dir():
        raise BundleError(f"{target} is a folder; name a file, such as {target / 'course.zip'}")
    differences = in_step(root)
    if differences:
        raise BundleError(f"lessons/ is out of step ({differences[0]}); run `lobsim release` first")
    chosen = names if names is not None else catalogue.names(root)
    files = bundle_files(root, chosen)
    leaks = secrets_in(root, files)
    if leaks:
        raise BundleError("not written: " + "; ".join(leaks[:3]))
    content = _zipped(files)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=".bundle-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(scratch, 0o644)
        os.replace(scratch, target)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    return Bundle(target, len(files), len(content), hashlib.sha256(content).hexdigest(),
                  tuple(chosen))


def bundle_files(root: Path, lessons: list[str]) -> dict[str, bytes]:
    """Path in the bundle -> content, for these lessons."""
    tracked = _tracked(root)
    files: dict[str, bytes] = {"README.md": _readme(root, lessons).encode()}
    for name in _FILES:
        if (root / name).is_file():
            files[name] = (root / name).read_bytes()
    folders = [(root / name, name) for name in _FOLDERS]
    if not folders[0][0].is_dir():  # the course lies apart from the package
        folders[0] = Path(__file__).resolve().parents[1], "lobsim"
    folders += [(root / "lessons" / name, f"lessons/{name}") for name in lessons]
    for folder, place in folders:
        for path in sorted(folder.rglob("*")):
            inside = f"{place}/{path.relative_to(folder).as_posix()}"
            if not path.is_file() or path.is_symlink() or _IGNORED.search(inside):
                continue
            if tracked is None or inside in tracked or not inside.startswith(_FOLDERS):
                files[inside] = path.read_bytes()
    return dict(sorted(files.items()))


def _tracked(root: Path) -> set[str] | None:
    """What git knows of the course, so that no stray file travels; None without git."""
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return set(done.stdout.decode("utf-8", "surrogateescape").split("\0"))


def _readme(root: Path, lessons: list[str]) -> str:
    rows = []
    for name in lessons:
        info = catalogue.lesson_info(name, root)
        rows.append(f"| {info.number:02d} | [{info.title}](lessons/{name}/{name}.ipynb) | "
                    f"{info.question} | {info.minutes} |")
    return README + "\n".join(rows) + "\n"


def _zipped(files: dict[str, bytes]) -> bytes:
    with tempfile.SpooledTemporaryFile(max_size=64_000_000) as scratch:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED) as archive:
            for name, content in files.items():
                entry = zipfile.ZipInfo(str(PurePosixPath(TOP, name)), (1980, 1, 1, 0, 0, 0))
                entry.create_system = 3  # as on Unix, whatever machine writes it
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, content)
        scratch.seek(0)
        return scratch.read()


# ----------------------------------------------------------------------------------------- secrets


def secrets_in(root: Path, files: dict[str, bytes]) -> list[str]:
    """Secrets of the course that a bundle's files would give away, one sentence each.

    Looked for are every solution and mark scheme, and every hidden case's inputs, in each file.
    """
    texts = {name: _searchable(name, content) for name, content in files.items()}
    found = [f"{name} belongs to the instructor" for name in files
             if re.search(r"(^|/)checks(_\w+)?\.(py|toml)$", name) and name.startswith("lessons/")]
    for label, secret, everywhere in _secrets(root):
        for name, text in texts.items():
            if (everywhere or name.startswith("lessons/")) and secret in text:
                found.append(f"{name} holds {label}")
    return found


def _secrets(root: Path):
    """(label, bare text, whether to look in every file) for all lessons."""
    for lesson in catalogue.names(root):
        folder = root / "solutions" / lesson
        if not (folder / "checks.py").is_file():
            continue
        notebook = json.loads((folder / f"{lesson}.ipynb").read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            for what, body in _REGION.findall("".join(cell["source"])):
                text = _bare(body)
                if text:
                    about = cell["metadata"].get("nbgrader", {}).get("grade_id", cell.get("id"))
                    yield (f"the {what.lower()} of {lesson}/{about}", text,
                           len(text) >= _TELLING)
        for path in sorted(folder.glob("checks*.py")):
            source = path.read_text(encoding="utf-8")
            for node in ast.parse(source).body:
                text = _bare(ast.get_source_segment(source, node) or "")
                if isinstance(node, ast.FunctionDef) and len(text) >= 2 * _TELLING:
                    yield f"{node.name} of {lesson}/{path.name}", text, True
        visible, hidden = [], []
        for check in load_checks(folder):
            for case in plan(check, lesson).cases():
                (visible if case.visible else hidden).append((check.name, case))
        shown = {text for _, case in visible for text in _spellings(case.inputs)}
        for name, case in hidden:
            for text in _spellings(case.inputs):
                if len(text) >= 12 and text not in shown:
                    yield f"a hidden case of {lesson}/{name}", text, True


def _spellings(inputs: dict[str, Any]) -> set[str]:
    """A case's inputs as they would stand in a ``checks.json`` and in Python, bare."""
    return {_bare(json.dumps(wire.encode(inputs), sort_keys=True)), _bare(repr(inputs))}


def _bare(text: str) -> str:
    """The text without blanks and quotation marks, which differ from one writing to another."""
    return re.sub(r"[\s'\"\\]+", "", text)


def _searchable(name: str, content: bytes) -> str:
    """A file's text, bare; of a notebook also its cells as they read."""
    text = content.decode("utf-8", "replace")
    if name.endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        text += "".join("".join(cell["source"]) for cell in cells)
    return _bare(text)
