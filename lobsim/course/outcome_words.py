"""What may be said of an answer: names that are the learner's own, and of hidden cases nothing."""

from __future__ import annotations

import builtins
from typing import Any

from lobsim.course.calling import TOO_LARGE, UNANSWERED, Outcome

_OUR_ERRORS = {UNANSWERED, TOO_LARGE, "BadAnswer", "NotAFunction", "TimeoutError", "KernelDied"}


def own_words(outcome: Outcome, inputs: dict[str, Any]) -> Outcome:
    """An outcome whose names of changed arguments are really arguments."""
    changed = tuple(name for name in outcome.changed if name in inputs)
    return Outcome(outcome.value, outcome.error, outcome.message, outcome.where, changed,
                   outcome.printed)


def without_words(outcome: Outcome) -> Outcome:
    """A hidden case's outcome with nothing in it that the learner's code could have written.

    A message, a print or even the name of an exception class could carry the hidden input out to
    the feedback page.
    """
    error = outcome.error
    if error is not None and error not in _OUR_ERRORS:
        known = getattr(builtins, error, None)
        is_exception = isinstance(known, type) and issubclass(known, BaseException)
        error = error if is_exception else "Exception"
    return Outcome(outcome.value, error)
