"""Small things the grading tests share."""

import json

from lobsim.course.limits import Limits

FULL = {"double": 3.0, "spreads": 4.0, "larger": 1.0}
SECRETS = ("424242.125", "SECRET_HIDDEN_NUMBER", "SECRET MARK SCHEME")
QUICK = Limits(cell_s=20, call_s=3, grace_s=1, notebook_s=60, checks_s=30)
SHORT = QUICK.but(cell_s=2.0)


def earned(report) -> dict[str, float]:
    """Marks by check."""
    return {name: result.earned for name, result in report.results.items()}


def printed(report) -> str:
    """Everything the notebook's cells showed."""
    return "\n".join(json.dumps(cell.get("outputs", [])) for cell in report.notebook.cells)
