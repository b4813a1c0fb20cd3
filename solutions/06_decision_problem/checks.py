"""Lesson 06: what each exercise must return, and the wrong answers that are known by name."""

from pathlib import Path

from lobsim.course.declare import load_checks

_HERE = Path(__file__).parent

CHECKS = (load_checks(_HERE / "checks_model.py") + load_checks(_HERE / "checks_env.py")
          + load_checks(_HERE / "checks_reward.py") + load_checks(_HERE / "checks_table.py"))
