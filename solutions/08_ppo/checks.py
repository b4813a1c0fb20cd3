"""Lesson 08: what each exercise must return, and the wrong answers that are known by name."""

from pathlib import Path

from lobsim.course.declare import load_checks

_HERE = Path(__file__).parent

CHECKS = (load_checks(_HERE / "checks_policy.py") + load_checks(_HERE / "checks_credit.py")
          + load_checks(_HERE / "checks_book.py") + load_checks(_HERE / "checks_result.py"))
