"""Lesson 12: what each exercise must return, and the wrong answers that are known by name."""

from pathlib import Path

from lobsim.course.declare import load_checks

_HERE = Path(__file__).parent

CHECKS = [check for name in ("labels", "words", "network", "analyst")
          for check in load_checks(_HERE / f"checks_{name}.py")]
