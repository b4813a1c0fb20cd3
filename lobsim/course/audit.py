"""Finds authors' mistakes before a learner does: in a lesson's notebook and its declarations.

`audit_lesson` lists what must be mended before a lesson can be released.
`audit_teaching` lists what the curriculum asks for beyond that.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

from lobsim.course import wire
from lobsim.course.calling import Outcome
from lobsim.course.compare import equal
from lobsim.course.declare import Check, DeclarationError, load_checks
from lobsim.course.expected import EXPECTED_TAG, folded_output, picture
from lobsim.course.judge import judge
from lobsim.course.plan import PlannedCheck, plan

_CHECK_CELL = re.compile(r'check\("(?P<name>\w+)", (?P<variable>\w+)\)')
_CELL_ID = re.compile(r"l\d\d-[a-z0-9][a-z0-9-]*")
_PUBLISHED_BYTES = 2_000_000  # of visible inputs and answers of one check


def audit_lesson(path: str | Path) -> list[str]:
    """What is wrong with a lesson's sources, one sentence each; empty when it can be released.

    Parameters
    ----------
    path : path
        The lesson's folder under ``solutions/``.
    """
    folder = Path(path)
    notebook, problems = _read(folder)
    if notebook is None:
        return problems
    try:
        checks = load_checks(folder)
    except DeclarationError as error:
        return [*problems, str(error)]
    problems += _audit_metadata(notebook, folder.name)
    problems += _audit_ids(notebook, folder.name)
    problems += _audit_first_cells(notebook, folder.name)
    problems += _audit_outputs(notebook)
    problems += _audit_marked_cells(notebook, {check.name: check for check in checks})
    for check in checks:
        problems += audit_check(check, folder.name)
    return problems


def audit_teaching(path: str | Path) -> list[str]:
    """What the curriculum asks of a full lesson and this one lacks, one sentence each."""
    notebook, problems = _read(Path(path))
    if notebook is None:
        return problems
    problems = []
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    automatic = [c for c in graded if c.cell_type == "code"]
    if not 5 <= len(automatic) <= 8:
        problems.append(f"{len(automatic)} exercises are checked; a lesson has 5 to 8")
    if len(automatic) == len(graded):
        problems.append("no written answer with a mark scheme")
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    hints = len(re.findall(r"<summary>\s*Hint \d", text, flags=re.IGNORECASE))
    if hints < 2 * len(automatic):
        problems.append(f"{hints} folded hints for {len(automatic)} exercises; each has two")
    for wanted in ("does not do", "references", "recall", "interview", "predict"):
        if wanted not in text.lower():
            problems.append(f"nothing in the text says {wanted!r}")
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            try:
                picture(output, cell.id)
            except ValueError as error:
                problems.append(str(error))
    return problems


def _read(folder: Path):
    import nbformat

    path = folder / f"{folder.name}.ipynb"
    if not path.is_file():
        return None, [f"{folder.name}: there is no {path.name}"]
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        return None, [f"{path.name} is not a valid notebook: {str(error).splitlines()[0]}"]
    others = sorted(p.name for p in folder.glob("*.ipynb") if p != path)
    return notebook, [f"{name}: only {path.name} belongs in this folder" for name in others]


def _audit_metadata(notebook: Any, lesson: str) -> list[str]:
    about = notebook.metadata.get("lobsim", {})
    problems = []
    for key, kind in (("title", str), ("minutes", int), ("question", str)):
        if not isinstance(about.get(key), kind) or not about.get(key):
            problems.append(f"notebook metadata lobsim.{key} is {about.get(key)!r}; "
                            f"a {'number' if kind is int else 'text'} is needed")
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        problems.append(f"nbformat is {notebook.nbformat}.{notebook.nbformat_minor}; "
                        "cell ids need 4.5")
    return problems


def _audit_ids(notebook: Any, lesson: str) -> list[str]:
    problems = []
    start = f"l{lesson[:2]}-"
    counts = Counter(cell.get("id") for cell in notebook.cells)
    for cell_id, count in counts.items():
        if count > 1:
            problems.append(f"cell id {cell_id!r} is used {count} times")
        if not cell_id or not _CELL_ID.fullmatch(cell_id) or not cell_id.startswith(start):
            problems.append(f"cell id {cell_id!r} is not like '{start}words-with-hyphens'")
        elif f"{cell_id}-expected" in counts:
            problems.append(f"cell id '{cell_id}-expected' is kept for the folded output")
    grade_ids = Counter(c.metadata.nbgrader.get("grade_id") for c in notebook.cells
                        if "nbgrader" in c.metadata)
    problems += [f"grade_id {name!r} is used {count} times"
                 for name, count in grade_ids.items() if count > 1]
    return problems


def _audit_first_cells(notebook: Any, lesson: str) -> list[str]:
    problems = []
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        return ["the first cell must be markdown and start with the title as '# ...'"]
    for wanted in ("you will be able to", "before you start", "minutes", "files used"):
        if wanted not in first.source.lower():
            problems.append(f"the first cell does not say {wanted!r}")
    level = 0
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        source = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
        for marks, title in re.findall(r"^(#{1,6})\s+(.*)$", source, flags=re.MULTILINE):
            if len(marks) == 1 and cell is not first:
                problems.append(f"heading {title!r}: only the first cell has a '#' heading")
            if len(marks) > level + 1:
                problems.append(f"heading {title!r} jumps from level {level} to {len(marks)}")
            level = len(marks)
    code = [c.source for c in notebook.cells if c.cell_type == "code"]
    if not any(f'check = lesson("{lesson}")' in source for source in code):
        problems.append(f'no setup cell with check = lesson("{lesson}")')
    tagged = sum("parameters" in c.metadata.get("tags", []) for c in notebook.cells)
    if tagged != 1:
        problems.append(f"{tagged} cells are tagged 'parameters'; one is needed")
    return problems


def _audit_outputs(notebook: Any) -> list[str]:
    problems = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if any(output.output_type == "error" for output in cell.outputs):
            problems.append(f"cell {cell.id}: an error is stored in its output")
        if EXPECTED_TAG in cell.metadata.get("tags", []):
            try:
                folded_output(cell)
            except ValueError as error:
                problems.append(str(error))
    return problems


# ---------------------------------------------------------------------------------- marked cells


def _audit_marked_cells(notebook: Any, checks: dict[str, Check]) -> list[str]:
    problems: list[str] = []
    defined: set[str] = set()  # names that the learner's notebook defines above
    seen: Counter = Counter()
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader")
        where = f"cell {cell.id}"
        problems += _audit_regions(cell, about, where)
        if about is None:
            if cell.cell_type == "code" and "check(" in cell.source and _CHECK_CELL.fullmatch(
                    cell.source.strip()):
                problems.append(f"{where}: a check cell without nbgrader metadata")
            continue
        if about.get("schema_version") != 3:
            problems.append(f"{where}: nbgrader schema_version is "
                            f"{about.get('schema_version')!r}; 3 is needed")
        if about.get("solution") and cell.cell_type == "code":
            problems += _audit_exercise(cell, about, where)
            defined |= _names_defined(_without_solutions(cell.source))
        elif about.get("solution"):
            problems += _audit_written(cell, about, where)
        elif about.get("grade"):
            problems += _audit_check_cell(cell, about, where, checks, defined, seen)
    problems += [f"check {name!r} is declared but has no check cell"
                 for name in checks if not seen[name]]
    problems += [f"check {name!r} has {n} check cells" for name, n in seen.items() if n > 1]
    return problems


def _audit_regions(cell: Any, about: Any, where: str) -> list[str]:
    problems = []
    for what in ("SOLUTION", "MARK SCHEME"):
        begins, ends = cell.source.count(f"BEGIN {what}"), cell.source.count(f"END {what}")
        if begins != ends:
            problems.append(f"{where}: {begins} BEGIN {what} and {ends} END {what}")
        if begins and not (about or {}).get("solution"):
            problems.append(f"{where}: {what} in a cell that is not marked as a solution cell")
    if "HIDDEN TESTS" in cell.source:
        problems.append(f"{where}: hidden tests belong in checks.py, not in the notebook")
    return problems


def _audit_exercise(cell: Any, about: Any, where: str) -> list[str]:
    problems = []
    if about.get("grade") or about.get("locked"):
        problems.append(f"{where}: an exercise cell has grade: false and locked: false")
    if "BEGIN SOLUTION" not in cell.source:
        problems.append(f"{where}: an exercise cell without ### BEGIN SOLUTION")
        return problems
    try:
        ast.parse(_without_solutions(cell.source))
    except SyntaxError as error:
        problems.append(f"{where}: with the blank it is not Python: {error.msg}")
    return problems


def _audit_written(cell: Any, about: Any, where: str) -> list[str]:
    problems = []
    if not about.get("grade") or not about.get("points"):
        problems.append(f"{where}: a written answer needs grade: true and points")
    if "BEGIN MARK SCHEME" not in cell.source:
        problems.append(f"{where}: a written answer without === BEGIN MARK SCHEME ===")
    return problems


def _audit_check_cell(cell: Any, about: Any, where: str, checks: dict[str, Check],
                      defined: set[str], seen: Counter) -> list[str]:
    problems = []
    match = _CHECK_CELL.fullmatch(cell.source.strip())
    if not match:
        return [f'{where}: a check cell is exactly check("name", name), not '
                f"{cell.source[:60]!r}"]
    name, variable = match["name"], match["variable"]
    seen[name] += 1
    if about.get("grade_id") != f"check_{name}":
        problems.append(f"{where}: grade_id is {about.get('grade_id')!r}; 'check_{name}' is needed")
    if not about.get("locked"):
        problems.append(f"{where}: a check cell must be locked")
    if name not in checks:
        return [*problems, f"{where}: check {name!r} is not declared in checks.py"]
    if float(about.get("points", 0)) != checks[name].points:
        problems.append(f"{where}: the cell has {about.get('points')} points, the declaration "
                        f"{checks[name].points}")
    if variable not in defined:
        problems.append(f"{where}: no exercise cell above defines {variable!r} outside the "
                        "solution region, so the learner's copy has no blank for it")
    return problems


def _without_solutions(source: str) -> str:
    """The code as the learner gets it, with the blank in place of each region."""
    out, inside = [], False
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            out.append(f"{indent}raise NotImplementedError" if indent else "")
        elif "END SOLUTION" in line:
            inside = False
        elif not inside:
            out.append("" if line.lstrip().startswith(("%", "!")) else line)
    return "\n".join(out)


def _names_defined(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    names = {node.name for node in tree.body
             if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return names | {node.id for node in ast.walk(tree)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


# ---------------------------------------------------------------------------------- declarations


def audit_check(check: Check, lesson: str) -> list[str]:
    """What is wrong with one declaration, tried out on the public and one more instance.

    The reference must run on every case, earn full marks from its own judge, give the same answer
    twice and leave its inputs alone; each accepted alternative must earn full marks; each declared
    mistake must be wrong somewhere.
    """
    problems: list[str] = []
    where = f"check {check.name!r}"
    for student in (None, "audit"):
        try:
            planned = plan(check, lesson, student)
            for case in planned.cases():
                _ = case.expected, case.wrong
        except Exception as error:
            text = str(error) if isinstance(error, DeclarationError) else \
                f"{where}: the reference or a case fails: {type(error).__name__}: {error}"
            return [*problems, text]
        problems += [p for p in _audit_answers(check, planned, where) if p not in problems]
    hidden = any(not part.visible for part in check.parts)
    if check.kind == "function" and not hidden:
        problems.append(f"{where}: no hidden part, so a function that knows the visible cases "
                        "by heart gets full marks")
    if check.kind == "function" and not any(part.visible for part in check.parts):
        problems.append(f"{where}: no visible part, so a learner gets no help at home")
    return problems


def _audit_answers(check: Check, planned: PlannedCheck, where: str) -> list[str]:
    problems = []
    answers = [("the reference", check.reference)]
    answers += [(f"accepted alternative {i + 1}", other) for i, other in enumerate(check.accept)]
    for label, answer in answers:
        result = judge(planned, _caller(answer), hidden=True)
        if result.earned != planned.points:
            lines = [line for part in result.parts for case in part.cases for line in case.lines]
            problems.append(f"{where}: {label} earns {result.earned} of {planned.points} "
                            f"{' '.join(lines)[:300]}".rstrip())
    for mistake in check.mistakes:
        if mistake.wrong is not None and not any(
                mistake.name in case.wrong and not any(
                    equal(case.wrong[mistake.name], right, check.tolerance, check.choices)
                    for right in case.expected)
                for case in planned.cases()):
            problems.append(f"{where}: mistake {mistake.name!r} is right on every case, or fails "
                            "on every case")
    size = sum(len(wire.dumps(case.inputs)) for case in planned.cases(hidden=False))
    if size > _PUBLISHED_BYTES:
        problems.append(f"{where}: its visible inputs take {size:,} bytes in checks.json; at most "
                        f"{_PUBLISHED_BYTES:,}")
    return problems


def _caller(answer: Any):
    def call(inputs: dict[str, Any]) -> Outcome:
        before = {name: wire.encode(value) for name, value in inputs.items()}
        given = {name: wire.decode(value) for name, value in before.items()}
        value = answer(**given) if callable(answer) else answer
        return Outcome(wire.plain(value, strict=False))

    return call
