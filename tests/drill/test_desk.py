"""``lobsim drill`` as a learner meets it: a terminal, a pipe, a notebook."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from lobsim.course.drill.asked import Asked
from lobsim.course.drill.bank import find
from lobsim.course.drill.record import Record
from lobsim.course.drill.session import Session

SEED = "4"


def command(*given):
    return [sys.executable, "-m", "lobsim", "drill", "--seed", SEED, *given]


@pytest.fixture
def desk(repo, tmp_path):
    # own answers are the caller's: the course is this clone, and the folder a new one
    environment = os.environ | {"LOBSIM_COURSE": str(repo), "LOBSIM_WORKSPACE": str(tmp_path)}

    def run(*given, typed=""):
        from lobsim.cli import app

        return CliRunner().invoke(app, ["drill", "--seed", SEED, *given], input=typed,
                                  env=environment)

    run.environment, run.record = environment, Record(tmp_path / ".lobsim" / "drill.jsonl")
    run.folder = tmp_path
    return run


def test_through_a_pipe_a_number_and_a_line_are_judged_and_figures_come_as_json(desk):
    question = find("queue-wait-time")
    done = desk("--question", question.id, "--json", typed="0.001\nall\n")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    own = question.marks - question.rubric[0].marks
    assert (told["asked"], told["marks"], told["possible"]) == (1, own, question.marks)
    assert "behind" in done.stderr
    asked = Asked(question, desk.record.answers()[0].seed)
    again = desk("--question", question.id, "--json",
                 typed=f"soon\n{asked.numbers['result']:.6g} min\n1\n")
    assert json.loads(again.stdout)["marks"] == question.rubric[0].marks + 1
    assert "is no number" in again.stderr
    mistaken = 60 * asked.numbers["ahead"] / asked.numbers["trades_min"]
    third = desk("--question", question.id, "--json", typed=f"{mistaken} s\n\n")
    assert json.loads(third.stdout)["answers"][0]["mistake"] == "trades_alone"
    assert desk.record.answers()[-1].mistake == "trades_alone"


def test_in_a_terminal_ctrl_c_keeps_what_was_answered(desk):
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on Windows")
    terminal, inside = pty.openpty()
    process = subprocess.Popen(command("--lesson", "00", "--kind", "concept"), stdin=inside,
                               stdout=inside, stderr=inside, env=desk.environment,
                               start_new_session=True)
    os.close(inside)
    seen = ""

    def until(text):
        nonlocal seen
        limit = time.monotonic() + 90
        while text not in seen:
            assert time.monotonic() < limit, seen
            seen += os.read(terminal, 4096).decode(errors="replace")
        seen = seen.split(text, 1)[1]

    try:
        until("Answer aloud")
        os.write(terminal, b"\n")
        until("Which of these")
        until("none:")
        os.write(terminal, b"1, 2\n")
        until("it comes back on")
        until("Answer aloud")
        os.killpg(process.pid, signal.SIGINT)
        until("Stopped.")
        until("in 1 question.")
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    (kept,) = desk.record.answers()
    assert kept.marks == 2


def test_a_function_is_written_in_a_file_and_never_over_an_earlier_one(desk):
    (desk.folder / "drill").mkdir()
    old = desk.folder / "drill" / "fifo_fills.py"
    old.write_text("# mine\n")
    done = desk("--question", "code-fifo", typed="\ngive up\n\n")
    assert done.exit_code == 0, done.stderr
    assert old.read_text() == "# mine\n"
    new = (desk.folder / "drill" / "fifo_fills_2.py").read_text()
    assert "def fifo_fills(sizes, taken):" in new
    assert desk.record.answers()[0].marks == 0


def test_an_interview_writes_its_report_and_counts_what_was_not_reached(desk):
    done = desk("--mock", "--json", typed="\n\n" * 3)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["asked"] >= 2 and told["not_reached"] and told["marks"] == 0
    written = open(told["report"], encoding="utf-8").read()
    assert written.startswith("# Mock interview") and "not reached" in written
    assert len(desk.record.answers()) == told["asked"]


def test_a_named_interview_asks_its_programme_in_order(desk):
    from lobsim.course.drill import PROGRAMMES

    done = desk("--mock", "maker", "--json", typed="\n\n" * 2)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    asked = [answer["question"] for answer in told["answers"]]
    assert (*asked, *told["not_reached"]) == PROGRAMMES["maker"].questions
    assert PROGRAMMES["maker"].listens_for in " ".join(done.stderr.split())
    written = open(told["report"], encoding="utf-8").read()
    assert written.startswith("# Mock interview maker")


@pytest.mark.parametrize(("given", "sentence"), [
    (("--lesson", "77"), "is no lesson"), (("--kind", "quiz"), "is no kind"),
    (("--question", "nothing-here"), "is the id of no question"),
    (("--mock", "hedge"), "allowed are bank, maker, buyside"),
    (("bank",), "lobsim drill --mock bank"),
])
def test_wrong_use_ends_with_one_sentence(desk, given, sentence):
    done = desk(*given)
    assert done.exit_code == 2 and sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_and_the_status_are_figures_for_programs(desk):
    listed = json.loads(desk("--list", "--kind", "coding", "--json").stdout)
    assert {row["kind"] for row in listed} == {"coding"}
    rows = json.loads(desk("--status", "--json").stdout)
    assert len(rows) == 14 and not any(row["seen"] for row in rows)


def test_the_notebook_view_is_the_same_session(tmp_path):
    from lobsim.course.drill.view import DrillView

    record = Record(tmp_path / "drill.jsonl")
    questions = [find("hits-to-break-even"), find("code-fifo"), find("post-only-why")]
    view = DrillView(Session(questions, record, seed=1))
    view._typed.value = "a lot"
    view.reveal()
    assert "is no number" in view._told.value and not view._boxes
    view._typed.value = f"{view.asked.numbers['result']:.8g} %"
    view.reveal()
    view._boxes[0][1].value = True
    view.keep()
    assert record.answers()[0].marks == 3
    view.check(lambda sizes, taken: [min(s, max(0, taken - sum(sizes[:i])))
                                     for i, s in enumerate(sizes)])
    view.reveal()
    view.keep()
    assert record.answers()[1].points[0]
    with pytest.raises(ValueError, match="asks for no function"):
        view.check(print)
    view.reveal()
    view.keep()
    assert view.asked is None and "3 questions" in view._said.value
    assert len(record.answers()) == 3


def test_a_named_interview_in_a_notebook_has_its_report(tmp_path, repo, monkeypatch):
    from lobsim.course.drill import PROGRAMMES, drill

    monkeypatch.setenv("LOBSIM_COURSE", str(repo))
    view = drill(mock="buyside", seed=4, workspace=tmp_path)
    first, *others = PROGRAMMES["buyside"].questions
    assert view.asked.question.id == first and view.session.minutes == 45
    view.reveal()
    view.keep()
    written = view.report()
    assert written.startswith("# Mock interview buyside, seed 4")
    assert written.count("not reached |") == len(others)
    with pytest.raises(ValueError, match="only a mock interview"):
        drill(lesson="04", seed=4, workspace=tmp_path).report()
