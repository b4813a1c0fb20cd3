"""In a real browser: the class report and a feedback page open offline, whole, without errors."""

import shutil

import mini_course
import pytest
from made_up_class import grade_class

from lobsim.course.class_report import write_class_report
from lobsim.course.quick_jupyter import quick_jupyter

LESSON = mini_course.NAME
EVIL = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
SECTIONS = ["Marks", "Exercises", "Hardest checks", "Most frequent wrong answers",
            "To mark by hand", "Late, broken, stopped, missing", "Alike: look at these"]
OWN = """def widths(table, unit=10_000):
    inside = table.loc[table['ask'].gt(table['bid'])].copy()
    inside['centre'] = inside[['bid', 'ask']].mean(axis='columns')
    return inside.assign(width=inside['ask'].sub(inside['bid']).div(inside['centre']).mul(unit))
"""


@pytest.fixture(scope="module")
def graded(repo, tmp_path_factory):
    from lobsim.course.release import release

    quick_jupyter()
    root = mini_course.build(tmp_path_factory.mktemp("class"))
    release(root)
    shutil.copy(repo / "nbgrader_config.py", root)
    answers = {f"right-{number}": mini_course.RIGHT for number in range(6)}
    answers |= {f"wrong-{number}": mini_course.WRONG for number in range(3)}
    answers |= {"half": {**mini_course.HALF, "why": EVIL}, "blank": {}}
    grade_class(root, LESSON, answers, problems={"blank": [f"the file is called {EVIL!r}"]},
                added={"right-1": [OWN], "wrong-2": [OWN.replace("inside", "t") + "# " + EVIL]})
    write_class_report(root)
    return root


@pytest.fixture
def errors(page):
    """What the page complains of while a test looks at it."""
    found = []

    def on_console(message):
        if message.type in ("error", "warning"):
            found.append(message.text)

    def on_error(error):
        found.append(str(error))

    page.on("console", on_console)
    page.on("pageerror", on_error)
    page.context.set_offline(True)
    yield found
    page.context.set_offline(False)
    page.remove_listener("console", on_console)
    page.remove_listener("pageerror", on_error)


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_class_report_shows_its_sections_and_plots(graded, page, errors, artifacts):
    page.goto((graded / "grading" / "report.html").as_uri())
    assert page.title() == "Class report"
    assert page.locator("section.lesson h3").all_inner_texts() == SECTIONS
    for plot in page.locator("svg").all():
        box = plot.bounding_box()
        assert box["width"] > 300 and box["height"] > 100
        assert plot.locator("rect").count() > 1
    pair = page.locator("details.pair")
    assert pair.count() == 1 and not pair.locator("pre").first.is_visible()
    pair.locator("summary").click()
    assert pair.locator("pre mark").count() == 2 and pair.locator("pre").first.is_visible()
    page.screenshot(path=artifacts / "class_report.png", full_page=True)
    assert fits(page) and errors == []


def test_the_class_report_fits_a_narrow_screen(graded, page, errors):
    before = page.viewport_size
    page.set_viewport_size({"width": 700, "height": 900})
    page.goto((graded / "grading" / "report.html").as_uri())
    assert fits(page)
    page.set_viewport_size(before)


def test_links_of_the_report_open_a_feedback_page_that_runs_nothing(
    graded, page, errors, artifacts
):
    page.goto((graded / "grading" / "report.html").as_uri())
    page.locator("details.names summary").last.click()
    page.get_by_role("link", name="half", exact=True).last.click()
    assert page.title() == "Mini lesson: feedback for half"
    assert "3 of 10 points" in page.locator(".total").inner_text()
    page.locator(".lobsim-check").first.wait_for()
    page.screenshot(path=artifacts / "feedback_page.png", full_page=True)
    assert fits(page) and errors == []
    page.locator("section table a, table a").first.click()
    assert page.locator("section:target").count() == 1
