"""Inside the learner's kernel: keep the object a check names, and call it when the grader asks.

Everything here runs in a process that the learner may have bent at will. That is allowed for: the
answers are values, decoded with limits and judged outside; nothing else is believed.
"""

from __future__ import annotations

import json
from typing import Any

from lobsim.course import wire
from lobsim.course.calling import TOO_LARGE, Outcome, call

_kept: dict[str, Any] = {}


def answer() -> None:
    """Answer the request that came with the execute message now being handled.

    Requests (field ``lobsim`` of the message's content) and their replies (one payload)::

        {"op": "keep", "slot": name, "expression": "nbbo"}   -> outcome without value
        {"op": "call", "slot": name, "kind": ..., "inputs": wire form, "by_keyword": [...]}
                                                              -> outcome
    """
    from IPython import get_ipython

    shell = get_ipython()
    request = shell.get_parent()["content"]["lobsim"]
    try:
        outcome = _OPERATIONS[request["op"]](shell, request)
    except KeyboardInterrupt:
        outcome = Outcome(error="TimeoutError")
    except wire.WireError as problem:
        outcome = Outcome(error="BadRequest", message=str(problem))
    except MemoryError:
        outcome = Outcome(error="MemoryError")
    data = _to_wire(outcome, request["limit"])
    shell.payload_manager.write_payload({"source": "lobsim", "outcome": data})


def _keep(shell: Any, request: dict) -> Outcome:
    slot = request["slot"]
    _kept.pop(slot, None)
    try:
        _kept[slot] = eval(request["expression"], shell.user_global_ns, shell.user_ns)
    except Exception as error:
        return Outcome(error=type(error).__name__, message=str(error)[:500])
    return Outcome()


def _call(_: Any, request: dict) -> Outcome:
    slot = request["slot"]
    if slot not in _kept:
        return Outcome(error="NameError", message=f"{slot} is not defined")
    outcome = call(_kept[slot], request["kind"], wire.decode(request["inputs"]),
                   tuple(request["by_keyword"]))
    _close_figures()
    return outcome


def _to_wire(outcome: Outcome, limit: int) -> dict:
    """The outcome as JSON; one that a message could not carry says so instead."""
    data = outcome.to_wire()
    size = len(json.dumps(data, allow_nan=False))
    if size > limit:
        too_large = f"the value takes {size:,} bytes; at most {limit:,} can travel"
        data = Outcome(error=TOO_LARGE, message=too_large).to_wire()
    return data


def _close_figures() -> None:
    """Figures a learner's function leaves open would be drawn after each call, for nobody."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


_OPERATIONS = {"keep": _keep, "call": _call}
