"""Who marks by hand sees the mark scheme above the answer; it is on no other page and in no file."""

import mini_course
import pytest
from traitlets.config import Config

from lobsim.course import submission
from lobsim.course.gradebook import CourseGradebook
from lobsim.course.rubric import ShowRubric, mark_schemes

LESSON = mini_course.NAME
SECRET = "SECRET MARK SCHEME"
FORMGRADER = {"submission_id": "1", "assignment_id": LESSON, "notebook_id": LESSON,
              "base_url": "", "student": "ada", "notebook_path": "", "index": 0, "total": 1}
FEEDBACK = {"nbgrader": {"assignment": LESSON, "notebook": LESSON, "student": "ada"}}


@pytest.fixture
def step(course):
    """The step as the course's own configuration sets it up."""
    return ShowRubric(config=CourseGradebook(course).config)


def handed_in(course):
    return submission.read_trusted(course / "lessons" / LESSON / f"{LESSON}.ipynb")


def test_the_scheme_stands_right_above_its_answer_and_changes_nothing_else(course, step):
    before = handed_in(course)
    after, _ = step.preprocess(handed_in(course), FORMGRADER)
    (place,) = [i for i, cell in enumerate(after.cells) if SECRET in cell.source]
    assert after.cells[place + 1].metadata.nbgrader.grade_id == "why"
    shown = after.cells.pop(place)
    assert shown.cell_type == "markdown" and "nbgrader" not in shown.metadata
    assert "2 points" in shown.source
    assert after.cells == before.cells


def test_other_pages_do_not_show_it_unless_the_instructor_wishes(course, step):
    for resources in (FEEDBACK, {}):
        page, _ = step.preprocess(handed_in(course), resources)
        assert page.cells == handed_in(course).cells
    step.in_feedback = True
    page, _ = step.preprocess(handed_in(course), FEEDBACK)
    assert any(SECRET in cell.source for cell in page.cells)


def test_formgrader_s_page_has_it_as_html_outside_the_answer_s_panel(course):
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader.handlers import template_path

    extra = {"template_name": "formgrade", "extra_template_basedirs": [template_path]}
    config = CourseGradebook(course).config
    config.merge(Config(HTMLExporter=extra))
    exporter = HTMLExporter(config=config)
    page, _ = exporter.from_notebook_node(handed_in(course), resources=dict(FORMGRADER))
    scheme, answer = page.index(SECRET), page.index('id="why-comment"')
    assert '<div class="mark-scheme"' in page[scheme - 400:scheme]
    assert "Student&#39;s answer" in page[scheme:answer] or "Student's answer" in page[scheme:answer]


def test_a_scheme_is_read_again_when_its_source_changed_and_missing_ones_do_no_harm(
    fresh_course
):
    path = fresh_course / "solutions" / LESSON / f"{LESSON}.ipynb"
    assert list(mark_schemes(path)) == ["why"]
    step = ShowRubric(config=CourseGradebook(fresh_course).config)
    step.preprocess(handed_in(fresh_course), FORMGRADER)
    path.write_text(path.read_text().replace(SECRET, "NEW SCHEME"))
    page, _ = step.preprocess(handed_in(fresh_course), FORMGRADER)
    assert any("NEW SCHEME" in cell.source for cell in page.cells)
    path.unlink()
    page, _ = step.preprocess(handed_in(fresh_course), FORMGRADER)
    assert page.cells == handed_in(fresh_course).cells


def test_every_written_answer_of_the_course_has_a_scheme(repo):
    for folder in sorted((repo / "solutions").glob("[0-9][0-9]_*")):
        path = folder / f"{folder.name}.ipynb"
        written = {name for name, marked in
                   submission.marked_cells(submission.read_trusted(path)).items()
                   if marked.about.get("grade") and marked.about.get("solution")}
        assert written == set(mark_schemes(path)), folder.name
