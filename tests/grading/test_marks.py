"""The runner gives honest notebooks the marks they deserve, whatever else is wrong with them."""

import time

import mini_course
import nbformat
import pytest
from grading_tools import FULL, SHORT, earned, printed

pytestmark = pytest.mark.usefixtures("shut_in")


def test_right_answers_earn_everything(submit, run):
    report = run(submit())
    assert earned(report) == FULL
    assert report.problems == []


def test_wrong_answers_earn_what_is_right_in_them(submit, run):
    assert earned(run(submit(mini_course.WRONG))) == {"double": 1.0, "spreads": 0.0, "larger": 0.0}


def test_an_untouched_lesson_earns_nothing_and_is_told_so(submit, run):
    report = run(submit({}))
    assert earned(report) == dict.fromkeys(FULL, 0.0)
    assert all(result.unanswered for result in report.results.values())


def test_marks_are_the_same_without_a_sandbox(submit, run):
    report = run(submit(mini_course.HALF), sandboxed=False)
    assert earned(report) == {"double": 3.0, "spreads": 0.0, "larger": 0.0}


def test_check_cells_show_points_that_nbgrader_reads(submit, run):
    from nbgrader.utils import determine_grade

    report = run(submit(mini_course.HALF))
    checks = [c for c in report.notebook.cells
              if c.metadata.get("nbgrader", {}).get("grade") and c.cell_type == "code"]
    assert [determine_grade(cell) for cell in checks] == [(3.0, 3.0), (0.0, 4.0), (0.0, 1.0)]
    assert all("lobsim-check" in cell.outputs[0].data["text/html"] for cell in checks)


def test_a_later_change_of_a_global_costs_nothing(submit, run):
    # the visible case passed where the check stands, so the hidden ones are asked there as well
    answers = {**mini_course.RIGHT, "double": "factor = 2\ndef double(x):\n    return factor * x",
               "spreads": mini_course.RIGHT["spreads"].replace("t.bid)", "t.bid * one)")
               + "\none = 1"}
    assert earned(run(submit(answers, end=["factor = 7", "one = 0"]))) == FULL


def test_a_later_function_of_the_same_name_is_not_what_was_checked(submit, run):
    report = run(submit(end=["def double(x):\n    return 0", "del spreads"]))
    assert earned(report) == FULL


def test_a_value_is_looked_at_where_its_check_stands(submit, run):
    assert earned(run(submit(end=["larger = 'bid'"]))) == FULL


def test_warnings_and_prints_to_stderr_cost_nothing(submit, run):
    noise = ("    import sys, warnings\n    warnings.warn('careful')\n"
             "    print('x', file=sys.stderr)\n")
    answers = {**mini_course.RIGHT, "double": f"def double(x):\n{noise}    return 2 * x"}
    assert earned(run(submit(answers, end=["import warnings; warnings.warn('late')"]))) == FULL


def test_an_exception_in_one_cell_does_not_stop_the_rest(submit, run):
    report = run(submit(before={"double": ["1 / 0"]}))
    assert earned(report) == FULL
    assert "ZeroDivisionError" in printed(report)


@pytest.mark.parametrize("deadly", [
    "import os; os._exit(1)",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "import ctypes; ctypes.string_at(0)",
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
])
def test_a_cell_that_kills_the_kernel_costs_only_itself(submit, run, deadly):
    report = run(submit(before={"spreads": [deadly]}), limits=SHORT)
    assert earned(report) == FULL
    assert any("took the Python process down" in problem for problem in report.problems)


def test_a_cell_that_never_ends_is_stopped_and_the_rest_goes_on(submit, run):
    report = run(submit(before={"spreads": ["import time\nwhile True: time.sleep(0.01)"]}),
                 limits=SHORT)
    assert earned(report) == FULL
    assert any("was stopped after 2 s" in problem for problem in report.problems)


def test_many_slow_cells_end_at_the_notebooks_limit(submit, run):
    started = time.monotonic()
    report = run(submit(end=["import time; time.sleep(1.5)"] * 10),
                 limits=SHORT.but(notebook_s=5.0))
    assert earned(report) == FULL, "what was checked before keeps its marks"
    assert any("took longer than 5 s" in problem for problem in report.problems)
    assert time.monotonic() - started < 20


def test_a_function_that_hangs_or_dies_costs_only_its_own_check(submit, run):
    answers = {**mini_course.RIGHT,
               "double": "import time\ndef double(x):\n    time.sleep(9 if x == 0 else 0)\n"
                         "    return 2 * x",
               "spreads": "import os\ndef spreads(quotes):\n    os._exit(1)"}
    report = run(submit(answers), limits=SHORT.but(call_s=1.0))
    assert earned(report) == {"double": 2.0, "spreads": 0.0, "larger": 1.0}


def test_a_kernel_that_always_dies_ends_after_some_restarts(submit, run):
    report = run(submit({}, before={"double": ["import os; os._exit(1)"] * 8}))
    assert earned(report) == dict.fromkeys(FULL, 0.0)
    assert any("too often" in problem for problem in report.problems)


def test_output_is_kept_up_to_a_number_of_bytes_and_marks_stay(submit, run):
    flood = ["print('x' * 30_000_000)", "for i in range(200_000): print('y' * 100)",
             "from IPython.display import HTML, display\ndisplay(HTML('z' * 9_000_000))"]
    report = run(submit(before={"spreads": flood}))
    assert earned(report) == FULL
    assert len(printed(report)) < 1_000_000
    assert "left out" in printed(report)


def test_figures_and_tables_are_kept(submit, run):
    cell = ("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
            "pd.DataFrame({'bid': [1.5]})")
    report = run(submit(end=[cell]))
    outputs = report.notebook.cells[-1].outputs
    assert "image/png" in outputs[0].data
    assert "1.5" in outputs[1].data["text/html"]


def test_the_lessons_files_and_data_can_be_read(submit, run, course):
    report = run(submit(end=["print(sum(map(int, open('numbers.csv').read().split()[1:])))"]))
    assert report.notebook.cells[-1].outputs[0].text == "3\n"


def test_marks_depend_on_the_students_own_numbers_only_by_name(submit, run):
    # the same answer earns the same for everybody, and its cases differ
    assert earned(run(submit(), student="ben")) == FULL


def test_an_unpassable_value_is_told_and_earns_nothing(submit, run):
    answers = {**mini_course.RIGHT, "double": "def double(x):\n    return object()",
               "spreads": "spreads = 3", "larger": "larger = [print]"}
    assert earned(run(submit(answers))) == dict.fromkeys(FULL, 0.0)


def test_published_checks_give_visible_marks_only(submit, run, course):
    from lobsim.course import runner

    report = runner.run_notebook(submit(), lesson=mini_course.NAME, course_root=course)
    assert not any(r.hidden_judged for n, r in report.results.items() if n != "larger")
    assert earned(report) == {"double": 1.0, "spreads": 1.0, "larger": 1.0}


def test_budgets_shrink_while_marking_and_the_answers_stay_as_written(submit, run, course):
    released = nbformat.read(course / "lessons" / mini_course.NAME / f"{mini_course.NAME}.ipynb",
                             as_version=4)
    parameters = next(c for c in released.cells if "parameters" in c.metadata.get("tags", []))
    released.metadata["lobsim"]["quick"] = {"N_DAYS": 2}
    parameters.source += "\nN_DAYS = 20"
    handed_in = submit(end=["print('days', N_DAYS)"])
    same = next(c for c in handed_in.cells if c.id == parameters.id)
    same.source += "\nN_DAYS = 20"
    report = run(handed_in, trusted=released)
    assert "days 2" in str(report.notebook.cells[-1].outputs)
    assert next(c for c in report.notebook.cells if c.id == parameters.id).source == same.source
