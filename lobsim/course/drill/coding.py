"""Functions that are asked for at a whiteboard, checked by the course's own machinery.

The learner's function is the learner's own code on the learner's own machine: it is called here,
in this process, as a lesson's check at home calls it (`lobsim.course.calling`).
"""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from typing import Any

from lobsim.course import calling
from lobsim.course.declare import Check
from lobsim.course.drill.coding_book import CHECKS as _BOOK
from lobsim.course.drill.coding_learning import CHECKS as _LEARNING
from lobsim.course.judge import CheckResult, judge
from lobsim.course.plan import plan

__all__ = ["CODE", "judge_function", "load_function", "stub"]

CODE: Mapping[str, Check] = {check.name: check for check in (*_BOOK, *_LEARNING)}


def judge_function(name: str, function: Any, seed: int = 0) -> CheckResult:
    """Run a learner's function on the cases of a check, with numbers fresh by the seed.

    Examples
    --------
    >>> judge_function("fifo_fills", lambda sizes, taken: sizes).passed
    False
    """
    planned = plan(CODE[name], "drill", str(seed))
    return judge(planned, lambda inputs: calling.call(function, "function", inputs), hidden=True)


def stub(name: str, signature: str) -> str:
    """A file to write the answer into."""
    return (f'"""Write {name}, save, and go back to the drill."""\n\nimport numpy as np\n\n\n'
            f"def {signature}:\n    raise NotImplementedError\n")


def load_function(source: str, name: str, path: str = "<answer>") -> Any:
    """The function of a name from the text of a file.

    Raises
    ------
    ValueError
        The text is no Python, fails to run, or defines no such function.
    """
    # so that a message can show the line where it stopped
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    scope: dict[str, Any] = {"__name__": "answer"}
    try:
        exec(compile(source, path, "exec"), scope)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ValueError(f"the file does not run: {type(error).__name__}: {error}") from None
    if not callable(scope.get(name)):
        raise ValueError(f"the file defines no function {name}")
    return scope[name]
