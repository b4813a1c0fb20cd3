"""LEAN's own stubs, read by mypy, know every name that an exported file uses, and the shim's."""

import inspect
import re
import subprocess
import sys

import lean_shim as lean
import pytest

from lobsim.agents.agent import Agent
from lobsim.sim_to_real.lean_export import export_lean

CONFIG = """[mypy]
check_untyped_defs = True
[mypy-pandas.*,matplotlib.*]
follow_imports = skip
ignore_missing_imports = True
"""
PLANTED = (  # what is written wrongly, and what mypy says of it
    ("order_event.fill_price,", "order_event.fill_price.amount,",
     '"float" has no attribute "amount"'),
    ("one.ticket.update_quantity(", "one.ticket.change_quantity(",
     '"OrderTicket" has no attribute "change_quantity"'),
)


def uses_of_the_shim() -> str:
    """A file that uses every public name of the shim's classes as the shim annotates it."""
    lines = ["from __future__ import annotations", "from collections.abc import Sequence",
             "from datetime import datetime", "from AlgorithmImports import *"]
    for kind in lean.API:
        name = kind.__name__
        if issubclass(kind, lean.IntEnum):
            lines += [f"{name}.{one}" for one in kind.__members__]
            continue
        lines += [f"def {name}_{one}(x: {name}) -> {type_}: return x.{one}"
                  for one, type_ in vars(kind).get("__annotations__", {}).items()]
        for one, value in vars(kind).items():
            if isinstance(value, property):
                returned = inspect.signature(value.fget).return_annotation
                lines.append(f"def {name}_{one}(x: {name}) -> {returned}: return x.{one}")
            elif callable(getattr(kind, one)) and (one[0] != "_" or one == "__init__"):
                lines += _call(kind, one)
    return "\n".join(lines) + "\n"


def _call(kind, method: str) -> list[str]:
    """A call by keywords, so that names, types and what comes back are checked."""
    signature, name = inspect.signature(getattr(kind, method)), kind.__name__
    given = {key: one.annotation for key, one in signature.parameters.items()
             if key != "self" and one.kind is not one.VAR_KEYWORD}
    if method == "__init__" and not given:
        return []
    takes = "".join(f", {key}: {annotation}" for key, annotation in given.items())
    passed = ", ".join(f"{key}={key}" for key in given)
    if method == "__init__":
        return [f"def {name}_init(x: int{takes}) -> {name}: return {name}({passed})"]
    back = "" if signature.return_annotation == "None" else "return "
    return [f"def {name}_{method}(x: {name}{takes}) -> {signature.return_annotation}: "
            f"{back}x.{method}({passed})"]


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """What mypy says of the exported files, of those with planted errors, and of the shim."""
    folder = tmp_path_factory.mktemp("lean")
    right = export_lean(Agent.load("execution-ppo-0"), folder / "right.py").read_text()
    export_lean(Agent.load("pacing-sac-0"), folder / "paced.py")
    for k, (good, bad, _) in enumerate(PLANTED):
        assert right.count(good) == 1
        (folder / f"planted_{k}.py").write_text(right.replace(good, bad))
    (folder / "shim.py").write_text(uses_of_the_shim())
    (folder / "unknown.py").write_text(
        uses_of_the_shim() + "def wrong(x: OrderTicket) -> float: return x.size_left\n")
    (folder / "mypy.ini").write_text(CONFIG)
    files = sorted(path.name for path in folder.glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", "cache",
         "--no-error-summary", *files], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1 and not done.stderr, done.stderr  # the planted errors
    found = {name: [] for name in files}
    for line in done.stdout.splitlines():
        name, told = re.match(r"([\w.]+):\d+: \w+: (.*)", line).groups()
        found[name].append(told)
    return found


@pytest.mark.parametrize("name", ["right.py", "paced.py"])
def test_an_exported_file_has_no_error_of_type(findings, name):
    assert findings[name] == []


@pytest.mark.parametrize("k", range(len(PLANTED)))
def test_a_planted_error_is_found(findings, k):
    (told,) = findings[f"planted_{k}.py"]
    assert PLANTED[k][2] in told


def test_the_shim_has_no_name_that_lean_lacks(findings):
    assert findings["shim.py"] == []
    (told,) = findings["unknown.py"]
    assert '"OrderTicket" has no attribute "size_left"' in told
