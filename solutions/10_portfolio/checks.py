"""Lesson 10: what each exercise must return, and the wrong answers that are known by name."""

from pathlib import Path

from lobsim.course.declare import load_checks

_HERE = Path(__file__).parent

CHECKS = load_checks(_HERE / "checks_desk.py") + load_checks(_HERE / "checks_leak.py")
