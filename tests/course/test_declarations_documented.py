"""What the documentation of the course core shows is true."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from lobsim.course.audit import audit_check
from lobsim.course.declare import load_checks

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["declare", "wire", "compare", "hints", "judge", "clean_html"])
def test_docstring_examples_give_what_they_say(name):
    result = doctest.testmod(importlib.import_module(f"lobsim.course.{name}"))
    assert result.attempted > 0 and result.failed == 0


def test_the_guides_example_is_a_good_declaration(tmp_path):
    guide = (ROOT / "solutions" / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", guide, flags=re.DOTALL)[1]
    path = tmp_path / "checks.py"
    path.write_text(code)
    checks = load_checks(path)
    assert [check.points for check in checks] == [4.0]
    assert audit_check(checks[0], "01_implementation_shortfall") == []
