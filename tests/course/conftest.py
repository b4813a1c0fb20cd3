"""A released mini course, made once and copied for tests that write into it."""

import shutil

import mini_course
import pytest

from lobsim.course import release as release_module


@pytest.fixture(scope="session")
def _released(tmp_path_factory):
    root = mini_course.build(tmp_path_factory.mktemp("course") / "course")
    release_module.release(root)
    return root


@pytest.fixture
def course(_released, tmp_path, monkeypatch):
    """Root of a released mini course of the test's own; nothing else is taken for the course."""
    root = tmp_path / "course"
    shutil.copytree(_released, root)
    monkeypatch.setenv("LOBSIM_COURSE", str(root))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return root
