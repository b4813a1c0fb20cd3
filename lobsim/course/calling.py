"""Calls a learner's function and brings back plainly what happened; trusts nothing, judges nothing.

Runs where the learner's code runs: in the notebook's kernel at home, in the sandboxed kernel when
grading.  What comes back is an `Outcome`: a plain value, or the name and place of an error.
"""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lobsim.course import wire

UNANSWERED = "Unanswered"  # error name of an exercise that is still blank
TOO_LARGE = "TooLarge"  # error name of a value that is too large to travel
_PRINTED = 2000  # characters of a learner's own output that are kept
_MESSAGE = 500  # characters of an error message that are kept


@dataclass(frozen=True)
class Outcome:
    """What one call gave.

    Attributes
    ----------
    value : object
        The plain value that was returned (see `lobsim.course.wire`), None where there is an error.
    error : str, optional
        Name of the exception, or `UNANSWERED`, `TOO_LARGE`, or a name the caller chose
        (``"TimeoutError"``, ``"KernelDied"``).
    message : str
        The exception's text.
    where : str
        The learner's line: ``line 3 of nbbo: best = quotes[0]``.
    changed : tuple of str
        Arguments that the call changed in place.
    printed : str
        What the call printed, warnings included, cut to a few lines.
    """

    value: Any = None
    error: str | None = None
    message: str = ""
    where: str = ""
    changed: tuple[str, ...] = ()
    printed: str = ""

    def to_wire(self) -> dict:
        """JSON-able form, written in the learner's process."""
        return {"value": wire.encode(self.value, strict=False), "error": self.error,
                "message": self.message, "where": self.where, "changed": list(self.changed),
                "printed": self.printed}

    @classmethod
    def from_wire(cls, data: Any, *, limits: wire.Limits = wire.LIMITS) -> Outcome:
        """Read the JSON-able form on the trusted side; a malformed one is itself an outcome."""
        try:
            if type(data) is not dict or set(data) != set(cls.__dataclass_fields__):
                raise wire.WireError("an outcome must have the fields "
                                     + ", ".join(cls.__dataclass_fields__))
            error = data["error"]
            texts = [data["message"], data["where"], data["printed"], error or ""]
            changed = data["changed"]
            if (type(changed) is not list or any(type(t) is not str for t in [*texts, *changed])
                    or (error is not None and type(error) is not str)):
                raise wire.WireError("an outcome with fields of the wrong type")
            value = None if error else wire.decode(data["value"], limits=limits)
        except wire.WireError as problem:
            return cls(error="BadAnswer", message=str(problem)[:_MESSAGE])
        return cls(value, error[:100] if error else None, texts[0][:_MESSAGE], texts[1][:300],
                   tuple(name[:60] for name in changed[:20]), texts[2][:_PRINTED])


def call(learner_object: Any, kind: str, inputs: dict[str, Any],
         by_keyword: tuple[str, ...] = ()) -> Outcome:
    """Give fresh copies of ``inputs`` to the learner's function and tell what happened.

    Parameters
    ----------
    learner_object : object
        The function, or for ``kind="value"`` the value itself.
    kind : "function" or "value"
    inputs : dict of str to value
        Arguments, given by position in their order except those in ``by_keyword``.

    Returns
    -------
    Outcome
        Never raises, except KeyboardInterrupt.
    """
    if learner_object is Ellipsis:
        return Outcome(error=UNANSWERED)
    if kind == "value":
        return _travel(learner_object)
    if not callable(learner_object):
        return Outcome(error="NotAFunction", message=type(learner_object).__name__)
    before = {name: wire.encode(item) for name, item in inputs.items()}
    given = {name: wire.decode(item) for name, item in before.items()}
    positional = [item for name, item in given.items() if name not in by_keyword]
    named = {name: item for name, item in given.items() if name in by_keyword}
    printed = io.StringIO()
    result, failure = _guarded(learner_object, positional, named, printed)
    changed = tuple(name for name in given if not _unchanged(given[name], before[name]))
    extra = {"changed": changed, "printed": printed.getvalue()[:_PRINTED]}
    if failure is not None:
        return _failed(failure, learner_object, extra)
    if result is Ellipsis:
        return Outcome(error=UNANSWERED)
    outcome = _travel(result)
    return Outcome(outcome.value, outcome.error, outcome.message, **extra)


def _guarded(function: Callable, positional: list, named: dict, printed: io.StringIO):
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), \
            warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            result, failure = function(*positional, **named), None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a learner's SystemExit must not end the notebook
            result, failure = None, error
    for warning in caught[:3]:
        printed.write(f"warning: {warning.message}\n")
    return result, failure


def _travel(value: Any) -> Outcome:
    """The value made plain, or an outcome that says why it cannot be."""
    try:
        return Outcome(wire.plain(value, strict=False))
    except wire.WireError as problem:
        return Outcome(error=TOO_LARGE, message=str(problem))
    except Exception as error:  # an object whose own methods raise while it is read
        return Outcome(error=type(error).__name__, message=str(error)[:_MESSAGE])


def _unchanged(item: Any, before: Any) -> bool:
    try:
        return json.dumps(wire.encode(item)) == json.dumps(before)
    except Exception:  # the call put something into its argument that cannot travel
        return False


def _failed(error: BaseException, learner_object: Any, extra: dict) -> Outcome:
    if isinstance(error, NotImplementedError):
        return Outcome(error=UNANSWERED)
    try:
        message = str(error)[:_MESSAGE]
    except Exception:
        message = ""
    return Outcome(error=type(error).__name__, message=message,
                   where=_place(error, learner_object), **extra)


def _place(error: BaseException, learner_object: Any) -> str:
    """The innermost line of the learner's own code, or "" where the call itself failed."""
    home = getattr(getattr(learner_object, "__code__", None), "co_filename", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__)[1:]
              if f.filename == home or "ipykernel" in f.filename or "<ipython-input" in f.filename]
    if not frames:
        return ""
    last = frames[-1]
    line = (last.line or linecache.getline(last.filename, last.lineno or 0)).strip()
    return f"line {last.lineno} of {last.name}: {line}" if line else f"line {last.lineno}"
