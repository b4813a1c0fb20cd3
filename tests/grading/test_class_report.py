"""The class report says what the gradebook and the results say, escaped, and stays up to date."""

import html
import json
import re
import shutil
import statistics
from html.parser import HTMLParser
from pathlib import Path

import mini_course
import pytest
from grading_tools import SECRETS
from made_up_class import grade_class
from typer.testing import CliRunner

from lobsim.cli import app
from lobsim.course.class_page import class_page
from lobsim.course.class_report import correlation, gather, write_class_report
from lobsim.course.gradebook import CourseGradebook

LESSON = mini_course.NAME
EVIL = "<script>alert('x')</script>"
ADDED = """def spreads_in_bps(frame, scale=10_000):
    kept = frame.loc[frame['ask'].gt(frame['bid'])].copy()
    kept['middle'] = kept[['bid', 'ask']].mean(axis='columns')
    for column in ('bid', 'ask'):
        kept[column] = kept[column].div(kept['middle']).sub(1).mul(scale).round(3)
    return kept.drop(columns='middle').rename(columns={'bid': 'below', 'ask': 'above'})
"""


def answers() -> dict[str, dict[str, str]]:
    """Twelve students: six right, three half right, two wrong, one blank."""
    everybody = {f"right{i}": mini_course.RIGHT for i in range(6)}
    everybody |= {f"half{i}": mini_course.HALF for i in range(3)}
    everybody |= {f"wrong{i}": mini_course.WRONG for i in range(2)}
    return everybody | {"blank": {}}


@pytest.fixture(scope="module")
def graded(course, tmp_path_factory) -> Path:
    """The class above, two of them with the same added cell, one with markup everywhere."""
    root = Path(shutil.copytree(course, tmp_path_factory.mktemp("class") / "course"))
    marked_up = {**mini_course.RIGHT, "why": f"{EVIL} because the ask is above the bid"}
    grade_class(root, LESSON, {**answers(), "zoe": marked_up},
                problems={"wrong0": ["cell 3 was stopped after 2 s"],
                          "blank": [f"the file is called {EVIL!r} and not '{LESSON}.ipynb'"]},
                added={"right1": [ADDED], "half2": [ADDED.replace("kept", "k") + "# " + EVIL]})
    with CourseGradebook(root).open() as book:
        book.update_or_create_student("never-here")
    return root


@pytest.fixture(scope="module")
def page(graded) -> str:
    write_class_report(graded)
    return (graded / "grading" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lesson(graded):
    return gather(graded).lessons[0]


def test_numbers_are_those_of_the_gradebook(graded, lesson):
    marks = CourseGradebook(graded).marks([LESSON])
    assert lesson.totals == {student: one.total for (student, _), one in marks.items()}
    assert sorted(lesson.unfinished) == sorted(s for (s, _), m in marks.items() if m.needs_manual)
    assert lesson.missing == ["never-here"]
    double = next(e for e in lesson.exercises if e.name == "double")
    assert (double.full, double.part, double.none, double.blank) == (10, 2, 0, 1)
    assert double.mean_share == pytest.approx(
        statistics.mean(m.marks["check_double"].score for m in marks.values()) / 3)
    why = next(e for e in lesson.exercises if e.name == "why")
    assert why.manual and why.waiting == len(lesson.waiting["why"]) == 12 and why.blank == 1
    for exercise in lesson.exercises:
        assert sum((exercise.full, exercise.part, exercise.none, exercise.blank,
                    exercise.waiting)) == 13


def test_hardest_parts_come_first_and_blanks_do_not_count_as_tried(lesson):
    shares = [part.pass_share for part in lesson.parts]
    assert shares == sorted(shares)
    double = {part.name: part for part in lesson.parts if "twice" in part.exercise}
    assert double["other numbers"].tried == 12 and double["other numbers"].passed == 10
    assert not double["other numbers"].visible and double["by hand"].visible


def test_known_mistakes_are_counted_by_name_and_others_are_listed(lesson):
    counted = {(m.exercise, m.name): len(m.students) for m in lesson.mistakes}
    assert counted == {("larger", "swapped"): 5, ("double", "squared"): 2}
    assert [(m.exercise, sorted(m.students)) for m in lesson.unnamed] == [
        ("spreads", ["wrong0", "wrong1"])]


def test_correlation_with_the_rest_tells_strong_from_weak(lesson):
    larger = next(e for e in lesson.exercises if e.name == "larger")
    assert larger.discrimination > 0.5  # whoever fails it has few other marks
    assert correlation([1, 2, 3], [1, 2, 3]) is None
    assert correlation([1] * 9, range(9)) is None
    assert correlation(range(9), [-x for x in range(9)]) == -1.0


def test_broken_and_stopped_submissions_are_named_with_what_was_wrong(lesson, page):
    assert [student for student, _ in lesson.broken] == ["blank"]
    assert lesson.stopped == [("wrong0", ["cell 3 was stopped after 2 s"])]
    assert html.escape(f"the file is called {EVIL!r} and not '{LESSON}.ipynb'") in page


def test_two_with_the_same_added_cell_are_shown_side_by_side(lesson, page):
    assert [(p.first, p.second) for p in lesson.comparison.pairs] == [("half2", "right1")]
    assert "look at these" in page and page.count("<mark>") >= 2
    assert not re.search(r"cheat|plagiar|suspicio|guilt|fraud", page, flags=re.IGNORECASE)


class _Tags(HTMLParser):
    """Collects tags, and refuses an end tag that does not fit."""

    VOID = {"meta", "img", "br", "hr", "rect", "line"}

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_and_runs_nothing(page):
    parser = _Tags()
    parser.feed(page.removeprefix("<!DOCTYPE html>"))
    assert parser.open == []
    assert not {tag for tag, _ in parser.seen} & {"script", "link", "iframe", "object", "img"}
    for tag, attributes in parser.seen:
        assert not any(name.startswith("on") or name == "src" for name in attributes), tag
        assert re.match(r"(#|\.\./feedback/)", attributes.get("href", "#")), attributes
    assert "default-src 'none'" in page and "url(" not in page and "@import" not in page
    ids = [a["id"] for _, a in parser.seen if "id" in a]
    assert len(ids) == len(set(ids))


def test_what_students_wrote_is_escaped(page):
    assert EVIL not in page and html.escape(EVIL) in page


def test_plots_and_tables_can_be_read_aloud(page):
    plots = re.findall(r"<svg .*?</svg>", page, flags=re.DOTALL)
    assert len(plots) == 2
    for plot in plots:
        assert 'role="img"' in plot and "<title" in plot
        assert re.search(r"<desc[^>]*>[^<]*\d", plot)
    tables = re.findall(r"<table>.*?</table>", page, flags=re.DOTALL)
    assert tables and all("<caption>" in t and 'scope="col"' in t for t in tables)


def test_links_lead_to_feedback_pages(graded, page):
    links = set(re.findall(r'href="(\.\./[^"]+)"', page))
    assert len(links) >= 12
    for link in links:
        assert (graded / "grading" / link).resolve().is_file()


def test_it_is_written_again_only_when_something_changed(graded, page, tmp_path):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    write_class_report(root)
    report = root / "grading" / "report.html"
    before = report.read_bytes()
    assert not write_class_report(root)
    with CourseGradebook(root).open() as book:
        grade = book.find_grade("why", LESSON, LESSON, "right0")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()
    assert write_class_report(root)
    assert report.read_bytes() != before
    assert gather(root).lessons[0].totals["right0"] == 9.5
    assert len(gather(root).lessons[0].waiting["why"]) == 11


def test_the_same_class_gives_the_same_page(graded, page, tmp_path):
    write_class_report(graded, tmp_path / "grading" / "again.html")
    again = (tmp_path / "grading" / "again.html").read_text(encoding="utf-8")
    assert re.sub(r'<a href="\.\./[^>]*>(.*?)</a>', r"\1", page) == again


def test_nothing_hidden_is_in_the_report(page):
    assert not any(secret in page for secret in SECRETS)


def test_before_anything_is_graded_the_page_says_so(course, tmp_path):
    root = Path(shutil.copytree(course, tmp_path / "course"))
    assert gather(root).lessons == []
    assert "Nothing has been graded yet" in class_page(gather(root))
    assert not (root / "gradebook.db").exists(), "a look changes nothing"


def test_a_damaged_result_file_costs_only_its_own_line(graded, lesson, tmp_path):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    (root / "grading" / "results" / LESSON / "right3.json").write_text('{"notebook": ')
    assert set(lesson.students) - set(gather(root).lessons[0].students) == {"right3"}


def test_the_command_writes_the_page_and_prints_numbers(graded, tmp_path, monkeypatch):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    monkeypatch.setenv("LOBSIM_COURSE", str(root))
    done = CliRunner().invoke(app, ["report", "--lesson", "00"])
    assert done.exit_code == 0, done.output
    assert (root / "grading" / "report-00.html").is_file()
    (told,) = json.loads(CliRunner().invoke(app, ["report", "--json"]).stdout)
    assert told["name"] == LESSON and told["alike"][0]["first"] == "half2"
