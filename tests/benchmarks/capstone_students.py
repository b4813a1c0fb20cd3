"""What the reference and plain schedules earn for `act` in the capstone's markets of many students.

``python tests/benchmarks/capstone_students.py [first] [last]`` plays the hidden days of
``student-first`` to ``student-last`` and prints a line for each; 2 s of processor time a student.
"""

import sys
from pathlib import Path

import numpy as np

from lobsim.course.calling import call
from lobsim.course.declare import load_checks
from lobsim.course.judge import judge

ROOT = Path(__file__).resolve().parents[2]
CHECK = next(check for check in load_checks(
    ROOT / "solutions" / "13_interview_lab" / "checks_capstone.py") if check.name == "act")


def twap(seen, desk):
    """Equal parts each minute, crossed."""
    now, left = seen["decision"].to_numpy(), seen["shares_left"].to_numpy()
    take = np.where(now % 3 == 0, left / np.ceil((60 - now) / 3), 0)
    return np.stack([np.where(now >= 59, left, take), 0 * left, 0 * left], axis=1)


def at_once(seen, desk):
    """Everything by the first decision."""
    left = seen["shares_left"].to_numpy()
    return np.stack([left, 0 * left, 0 * left], axis=1)


def main(first: int = 1, last: int = 12) -> None:
    market = CHECK.reference.__globals__["_MARKET"]
    policies = {"reference": lambda seen, desk: CHECK.reference(seen, desk), "TWAP": twap,
                "at once": at_once}
    for number in range(first, last + 1):
        student = f"student-{number}"
        oddity = market["draw"](market["stream"]("market of", student))[2]
        earned = {name: judge(CHECK, lambda inputs: call(act, "function", inputs),
                              lesson="13_interview_lab", student=student, hidden=True).earned
                  for name, act in policies.items()}
        print(f"{student:<12}{oddity:<11}" + "".join(
            f"{name} {marks:g}   " for name, marks in earned.items()) + f"of {CHECK.points:g}",
            flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
