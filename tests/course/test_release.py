"""lessons/ follows from solutions/, always with the same bytes and without any secret."""

import json
import shutil

import mini_course
import nbformat
import pytest

from lobsim.course import catalogue, release as release_module
from lobsim.course.declare import load_checks
from lobsim.course.plan import plan
from lobsim.course.release import ReleaseError, in_step, release

NAME = mini_course.NAME


def _notebook(course, side="lessons"):
    return nbformat.read(course / side / NAME / f"{NAME}.ipynb", as_version=4)


def _edit(course, change):
    """Change the author's notebook."""
    path = course / "solutions" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change({cell.id: cell for cell in notebook.cells}, notebook)
    nbformat.write(notebook, path)


def _tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_second_release_gives_the_same_bytes_and_leaves_nothing_behind(course):
    before = _tree(course)
    assert in_step(course) == []
    report = release(course, out="again")
    assert report.lessons[0].points == 10 and report.lessons[0].exercises == 4
    assert _tree(course / "again") == _tree(course / "lessons")
    shutil.rmtree(course / "again")
    assert release(course).lessons[0].changed == ()
    assert _tree(course) == before


def test_outputs_counts_and_versions_of_the_authors_run_do_not_matter(course):
    def rerun(cells, notebook):
        cells["l00-setup"].execution_count = 77
        cells["l00-double"].metadata["execution"] = {"iopub.execute_input": "2026-01-01"}
        notebook.metadata.language_info.version = "3.14.0"
        notebook.metadata.kernelspec.display_name = "my env"

    _edit(course, rerun)
    assert in_step(course) == []


def test_no_solution_mark_scheme_or_hidden_case_is_in_a_lesson(course):
    text = b"\n".join(_tree(course / "lessons").values()).decode()
    for secret in ("BEGIN", "END SOLUTION", "SECRET", "424242", "return 2 * x", "BEGIN MARK",
                   "larger = 'ask'"):
        assert secret not in text
    hidden = [case for check in load_checks(course / "solutions" / NAME)
              for case in plan(check, NAME).cases(visible=False)]
    assert len(hidden) == 4
    published = json.loads((course / "lessons" / NAME / "checks.json").read_text())
    assert all(not part["cases"] for check in published["checks"] for part in check["parts"]
               if not part["visible"])


def test_only_a_lessons_own_small_files_are_copied(course):
    (course / "solutions" / NAME / "checks_more.py").write_text("CHECKS = []\n")
    (course / "solutions" / NAME / "__pycache__").mkdir()
    (course / "solutions" / NAME / "__pycache__" / "x.pyc").write_text("x")
    (course / "solutions" / NAME / "figures").mkdir()
    (course / "solutions" / NAME / "figures" / "a.csv").write_text("1\n")
    release(course)
    assert sorted(_tree(course / "lessons" / NAME)) == [
        f"{NAME}.ipynb", "checks.json", "figures/a.csv", "numbers.csv"]


def test_blanks_keep_run_all_alive(course):
    cells = {cell.id: cell for cell in _notebook(course).cells}
    assert cells["l00-double"].source == \
        "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError"
    assert cells["l00-larger"].source == "larger = ...\n# YOUR CODE HERE"
    assert "SECRET" not in cells["l00-why"].source and "your answer" in cells["l00-why"].source
    tagged = [cell.id for cell in _notebook(course).cells
              if "raises-exception" in cell.metadata.get("tags", [])]
    code = [cell.id for cell in _notebook(course).cells if cell.cell_type == "code"]
    assert tagged == code[code.index("l00-double"):]


def test_locked_cells_cannot_be_edited_and_answers_can(course):
    cells = {cell.id: cell for cell in _notebook(course).cells}
    assert cells["l00-check-double"].metadata.editable is False
    assert "editable" not in cells["l00-double"].metadata


BY_A_PROGRAM = nbformat.v4.new_output(
    "display_data", data={"image/png": "iVBORw0KGgo=\n", "text/plain": "<Figure>"},
    metadata={"image/png": {"alt": "Spread [ticks] by time,\nfalling"}})
IN_JUPYTERLAB = nbformat.v4.new_output("display_data", data={
    "text/html": '<img alt="Spread [ticks] by time, falling" '
                 'src="data:image/png;base64,iVBORw0KGgo=">', "text/plain": "Spread"})


def test_marks_for_nbval_stay_with_the_author(course):
    before = _notebook(course)

    def mark(cells, notebook):
        cells["l00-setup"].source = "# NBVAL_CHECK_OUTPUT\n" + cells["l00-setup"].source

    _edit(course, mark)
    assert "# NBVAL_CHECK_OUTPUT" in str(_notebook(course, "solutions"))
    release(course)
    assert _notebook(course) == before


@pytest.mark.parametrize("picture", [BY_A_PROGRAM, IN_JUPYTERLAB])
def test_expected_output_is_folded_below_its_cell(course, picture):
    def add(cells, notebook):
        cells["l00-show-double"].outputs.append(picture)

    _edit(course, add)
    release(course)
    cells = [cell for cell in _notebook(course).cells]
    at = [cell.id for cell in cells].index("l00-show-double")
    folded = cells[at + 1]
    assert folded.id == "l00-show-double-expected"
    assert "<summary>What you should see</summary>" in folded.source
    assert "```text\n6\n```" in folded.source
    assert "![Spread (ticks) by time, falling](attachment:expected-1.png)" in folded.source
    assert folded.attachments["expected-1.png"]["image/png"] == "iVBORw0KGgo="
    assert cells[at].outputs == []


def _wrong(change, words):
    return pytest.param(change, words, id=words[:40])


def _set(cell, key, value):
    return lambda cells, notebook: cells[cell].metadata.nbgrader.__setitem__(key, value)


def _source(cell, text):
    return lambda cells, notebook: cells[cell].__setattr__("source", text)


def _drop(cell):
    return lambda cells, notebook: notebook.cells.remove(cells[cell])


def _twice(cells, notebook):
    copy = nbformat.from_dict(cells["l00-check-double"])
    copy.id = "l00-check-double-2"
    notebook.cells.append(copy)


@pytest.mark.parametrize("change, words", [
    _wrong(_set("l00-check-double", "points", 2), "the cell has 2 points, the declaration 3.0"),
    _wrong(_set("l00-check-double", "grade_id", "test1"), "'check_double' is needed"),
    _wrong(_set("l00-check-double", "locked", False), "must be locked"),
    _wrong(_set("l00-check-double", "schema_version", 2), "schema_version is 2"),
    _wrong(_drop("l00-check-double"), "check 'double' is declared but has no check cell"),
    _wrong(_twice, "check 'double' has 2 check cells"),
    _wrong(_source("l00-check-double", 'check("trouble", double)'), "'trouble' is not declared"),
    _wrong(_source("l00-check-double", "assert double(2) == 4"), "a check cell is exactly"),
    _wrong(_source("l00-double", "def double(x):\n    return 2 * x"), "without ### BEGIN SOLUTION"),
    _wrong(_source("l00-double",
                   "### BEGIN SOLUTION\ndef double(x):\n    return 2\n### END SOLUTION"),
           "no exercise cell above defines 'double'"),
    _wrong(_source("l00-double",
                   "def double(x):\n### BEGIN SOLUTION\n    return 2\n### END SOLUTION"),
           "with the blank it is not Python"),
    _wrong(_source("l00-double", "def double(x):\n    ### BEGIN SOLUTION\n    return 2"),
           "1 BEGIN SOLUTION and 0 END SOLUTION"),
    _wrong(_source("l00-text-double", "### BEGIN SOLUTION\nx\n### END SOLUTION"),
           "SOLUTION in a cell that is not marked"),
    _wrong(_source("l00-setup", "### BEGIN HIDDEN TESTS\n1\n### END HIDDEN TESTS"),
           "hidden tests belong in checks.py"),
    _wrong(_source("l00-setup", "import lobsim"), "no setup cell"),
    _wrong(_source("l00-title", "Mini lesson"), "the first cell must be markdown"),
    _wrong(_source("l00-title", "# Mini lesson"), "does not say 'files used'"),
    _wrong(_source("l00-text-spreads", "# Another title"), "only the first cell"),
    _wrong(_source("l00-text-double", "#### Deep"), "jumps from level 1 to 4"),
    _wrong(_source("l00-why", "answer"), "without === BEGIN MARK SCHEME"),
    _wrong(lambda cells, nb: cells["l00-parameters"].metadata.clear(), "0 cells are tagged"),
    _wrong(lambda cells, nb: cells["l00-setup"].__setattr__("id", "a1b2c3"), "is not like 'l00-"),
    _wrong(lambda cells, nb: nb.metadata.lobsim.pop("minutes"), "lobsim.minutes is None"),
    _wrong(lambda cells, nb: cells["l00-show-double"].outputs.append(nbformat.v4.new_output(
        "error", ename="E", evalue="", traceback=[])), "an error is stored"),
    _wrong(lambda cells, nb: cells["l00-show-double"].__setattr__("outputs", []),
           "has no stored output"),
    _wrong(lambda cells, nb: cells["l00-show-double"].__setattr__("outputs", [
        nbformat.v4.new_output("display_data", data={"image/png": "iVBORw0KGgo="})]),
        "the picture has no alt text"),
])
def test_an_authors_mistake_is_named_and_nothing_is_released(course, change, words):
    before = _tree(course / "lessons")
    _edit(course, change)
    with pytest.raises(ReleaseError) as caught:
        release(course)
    assert words in str(caught.value) and str(caught.value).startswith("not released:\n  00_mini:")
    assert _tree(course / "lessons") == before
    assert any(words in line for line in in_step(course))


@pytest.mark.parametrize("old, new, words", [
    ("CHECKS = [", "CHECKS = (1/0) or [", "does not run: ZeroDivisionError"),
    ("CHECKS = [", "checks = [", "must define CHECKS"),
    ('Check("larger"', 'Check("double"', "declares double more than once"),
    ("return 2 * x", "return {1, 2}", "a set has no order"),
    ("return 2 * x", "return 1 / x", "the reference or a case fails: ZeroDivisionError"),
    ("lambda x: x * x", "lambda x: 2 * x", "mistake 'squared' is right on every case"),
    ('Case({"x": 3}, "a whole number")', 'Case({"x": {3}})', "a set has no order"),
    ("return 2 * x", "return np.random.default_rng().random()", "the reference earns 0.0 of 3.0"),
    ("visible=False, category=\"other numbers\", partial=True", "visible=True",
     "check 'double': no hidden part"),
])
def test_a_faulty_declaration_is_named(course, old, new, words):
    path = course / "solutions" / NAME / "checks.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ReleaseError) as caught:
        release(course)
    assert words in str(caught.value)


def test_hand_edits_missing_and_stale_files_are_out_of_step(course):
    lesson = course / "lessons" / NAME
    (lesson / "checks.json").unlink()
    (lesson / "stray.txt").write_text("x")
    (lesson / "numbers.csv").write_text("changed")
    shutil.copytree(lesson, course / "lessons" / "09_gone")
    (course / "lessons" / "09_gone" / f"{NAME}.ipynb").rename(
        course / "lessons" / "09_gone" / "09_gone.ipynb")
    assert in_step(course) == [
        "lessons/09_gone has no source in solutions/",
        f"lessons/{NAME}/checks.json is missing",
        f"lessons/{NAME}/numbers.csv differs from what release makes",
        f"lessons/{NAME}/stray.txt is not made by release"]
    release(course)
    assert in_step(course) == ["lessons/09_gone has no source in solutions/"]


def test_the_catalogue_reads_what_a_lesson_says_of_itself(course):
    info, = catalogue.lessons()
    assert (info.number, info.name, info.title, info.minutes) == (0, NAME, "Mini lesson", 5)
    assert info.question == "How wide is the market?" and info.points == 10
    assert [(e.name, e.points, e.manual) for e in info.exercises] == [
        ("double", 3.0, False), ("spreads", 4.0, False), ("larger", 1.0, False),
        ("why", 2.0, True)]
    assert info.exercises[1].title == "Exercise 2: quoted spreads"
    assert info.source_path.is_file() and info.release_path.is_file()
    for name in ("0", "00", "00_mini", "mini", "00_mini.ipynb"):
        assert catalogue.resolve(name) == NAME
    for name in ("1", "maxi", ""):
        with pytest.raises(LookupError, match="00_mini"):
            catalogue.resolve(name)


def test_a_folder_without_lessons_is_not_taken_for_the_course(tmp_path, monkeypatch):
    monkeypatch.setenv("LOBSIM_COURSE", str(tmp_path))
    with pytest.raises(catalogue.CourseNotFound, match="LOBSIM_COURSE points there"):
        catalogue.course_root()


def test_this_repositorys_lessons_are_in_step_with_their_sources():
    root = release_module.Path(__file__).resolve().parents[2]
    assert in_step(root) == []
