"""Interview drills: a bank of questions, checked numbers and functions, spaced repetition.

``lobsim drill`` in a terminal and `drill` in a notebook are two faces of one `Session`.
"""

from importlib import import_module

_HOME = {
    "Asked": "asked",
    "Question": "question",
    "Record": "record",
    "Session": "session",
    "DrillView": "view",
    "PROGRAMMES": "programmes",
    "drill": "view",
}

__all__ = list(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"lobsim.course.drill.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lobsim.course.drill' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
