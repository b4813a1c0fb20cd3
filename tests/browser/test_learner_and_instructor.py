"""In a real browser: a learner solves an exercise; an instructor sees the graded submission."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import mini_course
import nbformat

from lobsim.course.release import release

MINI, SCHEME = mini_course.NAME, "SECRET MARK SCHEME"
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


def grade(course: Path, submissions: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "lobsim", "grade", str(submissions)]
    environment = {**os.environ, "LOBSIM_COURSE": str(course)}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def saved_marks(course: Path) -> dict[str, tuple]:
    """What the gradebook holds of the written answers: score, extra credit, comment."""
    from lobsim.course.gradebook import CourseGradebook

    found = {}
    with CourseGradebook(course).open() as book:
        for handed_in in book.assignment_submissions(MINI):
            grade = book.find_grade("why", MINI, MINI, handed_in.student.id)
            comment = book.find_comment("why", MINI, MINI, handed_in.student.id)
            found[handed_in.student.id] = (
                grade.manual_score, grade.extra_credit, comment.manual_comment)
    return found


def fill(page, field: str, text: str) -> None:
    """Write into one of formgrader's fields and wait until it is saved."""
    box = page.locator(f"[id='{field}']")
    with page.expect_response(lambda r: r.request.method == "PUT" and r.ok):
        box.fill(text)
        box.blur()


def test_an_instructor_marks_by_the_scheme_in_formgrader_and_nothing_is_lost(
    repo, page, server, artifacts, tmp_path
):
    submissions = tmp_path / "submissions"
    course = mini_course.build(tmp_path / "course")
    release(course)
    shutil.copy(repo / "nbgrader_config.py", course)
    released = course / "lessons" / MINI / f"{MINI}.ipynb"
    for student in ("ada", "ben"):
        (submissions / student / MINI).mkdir(parents=True)
        nbformat.write(mini_course.fill(released, mini_course.RIGHT),
                       submissions / student / MINI / f"{MINI}.ipynb")
    done = grade(course, submissions)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "marks.csv" in done.stdout

    options = ["--ServerApp.open_browser=False", f"--ServerApp.port={free_port()}"]
    if os.name == "posix" and os.geteuid() == 0:
        options.append("--allow-root")
    url = server(["-m", "jupyterlab", *options], cwd=course, LOBSIM_COURSE=str(course))
    page.goto(url)  # the token in the address becomes a cookie for the pages below
    page.wait_for_function("() => window.jupyterapp?.restored")
    page.evaluate("() => jupyterapp.commands.execute('nbgrader:open-formgrader')")
    page.frame_locator("iframe").get_by_role("link", name=MINI).first.wait_for()
    page.screenshot(path=artifacts / "formgrader_in_jupyterlab.png")

    base = url.split("/lab")[0]
    page.goto(f"{base}/formgrader/manage_submissions/{MINI}/")
    row = page.locator("tr", has_text="ada")
    row.wait_for()
    assert "needs manual grading" in row.inner_text()
    points = re.search(r"([\d.]+) / ([\d.]+)", row.inner_text())
    assert float(points.group(1)) > 0.5 * float(points.group(2))
    page.screenshot(path=artifacts / "formgrader_submissions.png")

    # the first of the two: panel of a check, scheme, mark, extra credit, comment
    page.goto(f"{base}/formgrader/gradebook/{MINI}/{MINI}/")
    page.locator("a[href*='/formgrader/submissions/']").first.click()
    page.get_by_text("Student's answer").first.wait_for()
    page.locator(".lobsim-check.lobsim-passed").first.scroll_into_view_if_needed()
    page.screenshot(path=artifacts / "formgrader_submission.png")
    scheme = page.locator(".mark-scheme")
    assert SCHEME in scheme.inner_text() and "2 points" in scheme.inner_text()
    panel = page.locator(".nbgrader_cell", has=page.locator("[id='why']"))
    assert "Because a buyer" in panel.inner_text() and "Mark scheme" not in panel.inner_text()
    assert scheme.bounding_box()["y"] < panel.bounding_box()["y"]
    fill(page, "why", "1.5")
    fill(page, "why_extra_credit", "1")
    fill(page, "why-comment", "Say **which** part was the largest.")
    page.evaluate("() => document.querySelector('.mark-scheme').scrollIntoView({block: 'start'})")
    page.mouse.wheel(0, -80)  # the page's head hides what is behind it
    page.wait_for_timeout(500)
    page.screenshot(path=artifacts / "formgrader_mark_scheme.png")
    address = page.url.partition("?")[0]  # what is behind it counts submissions
    page.get_by_role("link", name="Next").click()
    page.wait_for_url(lambda url: url.partition("?")[0] != address)
    page.locator(".mark-scheme").wait_for()
    fill(page, "why", "0.5")
    page.get_by_role("link", name="Prev").click()
    page.wait_for_url(lambda url: url.partition("?")[0] == address)
    page.wait_for_function("() => document.getElementById('why').value === '1.5'")
    told = "Say **which** part was the largest."
    assert page.locator("[id='why-comment']").input_value() == told
    marked = {(1.5, 1.0, told), (0.5, None, None)}
    assert {(a, b or None, c or None) for a, b, c in saved_marks(course).values()} == marked

    # grading again keeps the marks, and the students' pages have the comment but no scheme
    before = saved_marks(course)
    (student,) = [name for name, mark in before.items() if mark[0] == 1.5]
    notebook = submissions / student / MINI / f"{MINI}.ipynb"
    notebook.write_text(notebook.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    done = grade(course, submissions)
    assert done.returncode == 0, done.stdout + done.stderr
    assert saved_marks(course) == before
    page.reload()
    page.locator(".mark-scheme").wait_for()
    ours = course / "feedback" / student / MINI / f"{MINI}.html"
    assert "<strong>which</strong>" in ours.read_text() and "2.5 of 2" in ours.read_text()
    stock = [sys.executable, "-m", "nbgrader", "generate_feedback", MINI, "--force"]
    pages = [ours.read_text()]
    subprocess.run(stock, cwd=course, check=True, capture_output=True)
    pages.append(ours.read_text())
    page.goto(ours.as_uri())
    assert "Say which part was the largest" in page.inner_text("body")
    for text in pages:
        assert SCHEME not in text and "Mark scheme" not in text
    for path in course.rglob("autograded/**/*.ipynb"):
        assert SCHEME not in path.read_text(encoding="utf-8")
