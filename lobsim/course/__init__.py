"""Floor 6: the course itself. A lesson's setup cell needs only ``lesson``; authors need the
names of a declaration.  Nothing here imports jupyter or nbgrader until it is needed."""

from importlib import import_module

_HOME = {
    "lesson": "notebook_check",
    "Case": "declare",
    "Check": "declare",
    "Mistake": "declare",
    "Part": "declare",
    "Tolerance": "declare",
    "Outcome": "calling",
    "course_root": "catalogue",
    "lessons": "catalogue",
}

__all__ = list(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"lobsim.course.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lobsim.course' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
