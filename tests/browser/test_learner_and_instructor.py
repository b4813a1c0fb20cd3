"""In a real browser: a learner solves an exercise; an instructor sees the graded submission."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

LESSON = "01_implementation_shortfall"
RUN_LIMIT_MS = 240_000

CELL = """name => jupyterapp.shell.currentWidget.content.widgets.findIndex(
    cell => cell.model.getMetadata('nbgrader')?.grade_id === name)"""

GO_TO = """async index => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.deselectAll();
    await notebook.scrollToItem(index, 'center');
    await notebook.widgets[index].ready;
}"""

# The command that runs all cells returns when they are queued; a cell with a number has run.
ALL_RUN = """() => {
    const panel = jupyterapp.shell.currentWidget;
    const code = panel.content.widgets.filter(
        c => c.model.type === 'code' && c.model.sharedModel.source.trim());
    return code.every(c => c.model.executionCount !== null)
        && panel.sessionContext.session?.kernel?.status === 'idle';
}"""

ERRORS = """() => jupyterapp.shell.currentWidget.content.widgets.flatMap(
    c => c.model.outputs?.toJSON() ?? []).filter(o => o.output_type === 'error').map(o => o.ename)"""

PANEL = """index => {
    const outputs = jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON();
    return outputs.map(o => (o.data && o.data['text/html']) || '').join('');
}"""


def first_exercise(notebook: Path, submissions: Path) -> tuple[str, str]:
    """Name of the first coded exercise of a lesson, and a right answer to it."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        if mark.get("solution") and not mark.get("grade"):
            right = sorted(submissions.glob(f"{mark['grade_id']}__right_*.py"))[0]
            _, _, source = right.read_text(encoding="utf-8").partition("\n")
            return mark["grade_id"], source.rstrip("\n")
    raise AssertionError(f"{notebook} has no coded exercise")


def free_port() -> int:
    with socket.socket() as anything:
        anything.bind(("127.0.0.1", 0))
        return anything.getsockname()[1]


def open_notebook(page, url):
    page.goto(url)
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status"
        " === 'idle'"
    )


def run_all(page):
    """Run every cell as the menu does, and wait for the last one."""
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
    page.wait_for_function(ALL_RUN, timeout=RUN_LIMIT_MS)


def test_a_learner_opens_a_lesson_solves_an_exercise_and_sees_the_check_turn_green(
    repo, page, server, artifacts, tmp_path
):
    course = repo
    workspace = tmp_path / "workspace"
    url = server(
        ["-m", "lobsim", "lab", "01", "--no-browser", "--workspace", str(workspace)],
        cwd=tmp_path,
        LOBSIM_COURSE=str(course),
    )
    assert f"/lab/tree/{LESSON}/{LESSON}.ipynb" in url
    open_notebook(page, url)
    kernel = page.evaluate(
        "async () => (await jupyterapp.shell.currentWidget.sessionContext.session.kernel.spec)"
        ".argv[0]"
    )
    assert kernel == sys.executable, "the notebook does not run on the course's own Python"

    run_all(page)  # goes through to the end although nothing is solved yet
    assert set(page.evaluate(ERRORS)) <= {"NotImplementedError"}
    name, solution = first_exercise(
        course / "lessons" / LESSON / f"{LESSON}.ipynb", repo / "tests" / "submissions" / LESSON
    )
    answer, check = page.evaluate(CELL, name), page.evaluate(CELL, f"check_{name}")
    assert answer >= 0 and check == answer + 1, "the check is not right below its exercise"
    page.evaluate(GO_TO, answer)
    assert "lobsim-blank" in page.evaluate(PANEL, check)
    page.screenshot(path=artifacts / "lesson_not_done.png")

    cell = page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cm-content")
    cell.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(solution)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        f"index => ({PANEL})(index).includes('lobsim-passed')", arg=check, timeout=60_000
    )
    page.evaluate(GO_TO, check)
    panel = page.locator(".lobsim-check.lobsim-passed").first
    panel.scroll_into_view_if_needed()
    assert "✓" in panel.inner_text()
    page.wait_for_timeout(500)  # lets the page finish scrolling before it is photographed
    page.screenshot(path=artifacts / "lesson_solved.png")

    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    own = workspace / LESSON / f"{LESSON}.ipynb"
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    saved = own.read_bytes()
    assert [c for c in json.loads(saved)["cells"] if "".join(c["source"]) == solution]
    again = [sys.executable, "-m", "lobsim", "lab", "--prepare-only", "-w", str(workspace)]
    subprocess.run(again, check=True, env={**os.environ, "LOBSIM_COURSE": str(course)})
    assert own.read_bytes() == saved, "starting again changed the learner's notebook"


def test_an_instructor_grades_and_finds_the_submission_in_the_formgrader(
    repo, page, server, artifacts, tmp_path
):
    course = tmp_path / "course"
    for name in ("solutions", "lessons", "data"):
        shutil.copytree(repo / name, course / name)
    shutil.copy(repo / "nbgrader_config.py", course)
    hand_in = tmp_path / "submissions" / "ada" / LESSON
    hand_in.mkdir(parents=True)
    shutil.copy(course / "solutions" / LESSON / f"{LESSON}.ipynb", hand_in)
    environment = {**os.environ, "LOBSIM_COURSE": str(course)}
    grade = [sys.executable, "-m", "lobsim", "grade", str(tmp_path / "submissions")]
    done = subprocess.run(grade, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "marks.csv" in done.stdout

    options = ["--ServerApp.open_browser=False", f"--ServerApp.port={free_port()}"]
    if os.name == "posix" and os.geteuid() == 0:
        options.append("--allow-root")
    url = server(["-m", "jupyterlab", *options], cwd=course, LOBSIM_COURSE=str(course))
    page.goto(url)  # the token in the address becomes a cookie for the pages below
    page.wait_for_function("() => window.jupyterapp?.restored")
    page.evaluate("() => jupyterapp.commands.execute('nbgrader:open-formgrader')")
    page.frame_locator("iframe").get_by_role("link", name=LESSON).first.wait_for()
    page.screenshot(path=artifacts / "formgrader_in_jupyterlab.png")

    base = url.split("/lab")[0]
    page.goto(f"{base}/formgrader/manage_submissions/{LESSON}/")
    row = page.locator("tr", has_text="ada")
    row.wait_for()
    assert "graded" in row.inner_text() or "needs manual grading" in row.inner_text()
    points = re.search(r"([\d.]+) / ([\d.]+)", row.inner_text())
    assert float(points.group(1)) > 0.5 * float(points.group(2))
    page.screenshot(path=artifacts / "formgrader_submissions.png")
    page.goto(f"{base}/formgrader/gradebook/{LESSON}/{LESSON}/")
    page.locator("a[href*='/formgrader/submissions/']").first.click()
    page.get_by_text("Student's answer").first.wait_for()
    page.locator(".lobsim-check.lobsim-passed").first.scroll_into_view_if_needed()
    page.screenshot(path=artifacts / "formgrader_submission.png")
