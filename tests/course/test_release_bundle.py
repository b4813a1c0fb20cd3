"""The learners' ZIP works on its own, is the same bytes each time, and holds no secret."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import mini_course
import nbformat
import pytest

from lobsim.course import catalogue
from lobsim.course.bundle import TOP, BundleError, bundle_files, secrets_in, write_bundle
from lobsim.course.declare import load_checks
from lobsim.course.plan import plan

ROOT = Path(__file__).resolve().parents[2]
NAME = mini_course.NAME


@pytest.fixture(scope="module")
def files():
    return bundle_files(ROOT, catalogue.names(ROOT))


def _run(folder, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != "LOBSIM_COURSE"}
    environment["PYTHONPATH"] = str(folder)
    done = subprocess.run([sys.executable, "-m", "lobsim", *map(str, arguments)], cwd=folder,
                          env=environment, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout + done.stderr


def test_an_unpacked_bundle_checks_the_visible_cases_and_says_where_the_hidden_ones_are(
        course, tmp_path):
    write_bundle(course, tmp_path / "course.zip")
    with zipfile.ZipFile(tmp_path / "course.zip") as archive:
        archive.extractall(tmp_path / "home")
    home = tmp_path / "home" / TOP
    workspace = tmp_path / "work"
    status, text = _run(home, "lab", "--prepare-only", "--workspace", workspace)
    assert status == 0, text
    path = workspace / NAME / f"{NAME}.ipynb"
    wrong = {**mini_course.RIGHT, "double": "def double(x):\n    return x + x if x < 9 else 0"}
    nbformat.write(mini_course.fill(path, wrong), path)
    status, text = _run(home, "check", NAME, "--workspace", workspace, "--json")
    assert status == 0, text  # wrong on hidden cases only, and those are not here
    (report,) = json.loads(text[text.index("["):text.rindex("]") + 1])
    assert report["earned"] == 1 + 1 + 1  # the visible points of double, spreads and larger
    assert any("hidden cases are with your instructor" in note for note in report["notes"])


def test_the_same_course_gives_the_same_bytes(course, tmp_path):
    (course / "lobsim").mkdir()  # a package that nobody edits meanwhile
    (course / "lobsim" / "__init__.py").write_text("VERSION = 1\n")
    first = write_bundle(course, tmp_path / "a.zip")
    for path in course.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(0o600)
    second = write_bundle(course, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert first.sha256 == second.sha256 and first.lessons == (NAME,)


def test_only_the_learners_part_of_this_course_is_in_its_bundle(files):
    assert {name.split("/")[0] for name in files} == {
        "README.md", "LICENSE", "pyproject.toml", "environment.yml", "lobsim", "data", "lessons"}
    for lesson in catalogue.names(ROOT):
        assert f"lessons/{lesson}/checks.json" in files
    assert not [name for name in files if "checks_" in name or name.endswith("/checks.py")]


def test_no_solution_and_no_hidden_case_of_this_course_is_in_its_bundle(files):
    assert secrets_in(ROOT, files) == []
    text = b"\n".join(c for name, c in files.items() if name.startswith("lessons/")).decode()
    hidden = 0
    for lesson in catalogue.names(ROOT):
        for check in load_checks(ROOT / "solutions" / lesson):
            visible = {repr(case.inputs) for case in plan(check, lesson).cases(hidden=False)}
            for case in plan(check, lesson).cases(visible=False):
                hidden += 1
                assert repr(case.inputs) not in visible and repr(case.inputs) not in text
    assert hidden > 30


SECRETS = {
    "a solution": 'good = quotes[quotes["ask"] > quotes["bid"]]',
    "a hidden case": '{"x": 424242.125}',
    "a mark scheme": "SECRET MARK SCHEME: one point a sentence.",
}


@pytest.mark.parametrize("what", SECRETS)
def test_a_secret_in_a_lesson_stops_the_bundle(course, what):
    files = bundle_files(course, [NAME])
    assert secrets_in(course, files) == []
    place = f"lessons/{NAME}/notes.md"
    text = SECRETS[what] if what != "a solution" else (
        "good = quotes[quotes['ask'] > quotes['bid']]\nreturn pd.DataFrame({'time_ns': "
        "good['time_ns'],\n    'spread': good['ask'] - good['bid']})")
    leaks = secrets_in(course, {**files, place: f"Look: {text}".encode()})
    assert leaks and all(leak.startswith(place) for leak in leaks)
    assert secrets_in(course, {**files, f"lessons/{NAME}/checks_more.py": b""}) == [
        f"lessons/{NAME}/checks_more.py belongs to the instructor"]


def test_a_course_out_of_step_is_not_given_away(course, tmp_path):
    (course / "lessons" / NAME / "stray.txt").write_text("x")
    with pytest.raises(BundleError, match="out of step .*stray.txt.*run `lobsim release` first"):
        write_bundle(course, tmp_path / "course.zip")
    assert not list(tmp_path.glob("*.zip"))
