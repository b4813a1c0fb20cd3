"""Nothing a notebook does reads a secret, reaches out, or earns a mark it does not deserve."""

import json
import socket
import threading
import time
from pathlib import Path

import mini_course
import pytest
from grading_tools import FULL, QUICK, SECRETS, SHORT, earned

from lobsim.course import sandbox

pytestmark = pytest.mark.usefixtures("shut_in")


def told(report) -> dict:
    """What the last cell printed as JSON."""
    text = "".join(o.get("text", "") for o in report.notebook.cells[-1].outputs)
    return json.loads(text)


SEARCH = r'''
import glob, json, os, sys
found = []
for top, folders, files in os.walk("/"):
    if top.startswith(("/proc", "/usr/share", "/usr/lib")) or "site-packages" in top:
        folders[:] = []  # other people's packages
        continue
    found += [os.path.join(top, f) for f in files
              if f in ("checks.py", "gradebook.db", "nbgrader_config.py") or f.endswith(".ipynb")]
    found += [os.path.join(top, f) for f in folders
              if f in ("solutions", "submitted", "submissions")]
print(json.dumps(found))
'''

PROC = r'''
import glob, json, os
secrets = ["424242" + ".125", "SECRET_HIDDEN" + "_NUMBER"]
read, hits, links = 0, [], []
for name in glob.glob("/proc/[0-9]*/*") + glob.glob("/proc/[0-9]*/root/*"):
    try:
        if os.path.islink(name):
            links.append(os.readlink(name))
        elif os.path.isfile(name) and not name.endswith("kmsg"):
            text = open(name, "rb").read(2_000_000)
            read += 1
            hits += [name for s in secrets if s.encode() in text]
    except OSError:
        pass
print(json.dumps({"read": read, "hits": hits, "links": links, "environment": dict(os.environ)}))
'''


def test_no_file_of_the_instructor_is_in_sight(submit, run):
    assert told(run(submit(end=[SEARCH]))) == []


def test_the_course_the_tests_and_the_home_are_not_in_sight(submit, run, course, repo):
    places = [course / "solutions", course / "lessons", course, repo / "tests", repo / "solutions",
              repo / ".git", repo / "lobsim" / "course" / "judge.py", Path.home() / ".cache",
              Path.home() / ".bashrc", Path("/etc/shadow"), Path("/etc/passwd"), Path("/var"),
              Path("/root/.ssh"), Path("/sys/kernel"), Path("/run/docker.sock")]
    code = f"import json, os\nprint(json.dumps([p for p in {[str(p) for p in places]!r} if " \
           "os.path.exists(p)]))"
    # the package itself is there: students may read how lobsim works
    assert told(run(submit(end=[code]))) == [str(repo / "lobsim" / "course" / "judge.py")]


def test_editable_installation_leads_to_the_package_and_nothing_beside_it(submit, run):
    code = ("import json, lobsim, os, sys\n"
            "root = os.path.dirname(os.path.dirname(lobsim.__file__))\n"
            "print(json.dumps(sorted(os.listdir(root))))")
    beside = told(run(submit(end=[code])))
    assert "lobsim" in beside
    assert not {"solutions", "tests", "lessons", ".git"} & set(beside)


def test_processes_show_neither_secrets_nor_the_graders_environment(submit, run, course,
                                                                   monkeypatch):
    monkeypatch.setenv("GRADER_PASSWORD", "SECRET_HIDDEN_NUMBER")
    seen = told(run(submit(end=[PROC])))
    assert seen["read"] > 10, "the search itself must have worked"
    assert seen["hits"] == []
    assert "GRADER_PASSWORD" not in seen["environment"]
    assert not any(str(course) in link for link in seen["links"])


def test_a_secret_folder_inside_a_bound_one_is_covered(submit, run, monkeypatch, tmp_path):
    # as when a course lies below /usr or inside the folder of Python
    secret = tmp_path / "python" / "course"
    secret.mkdir(parents=True)
    (secret / "gradebook.txt").write_text("marks")
    bound = sandbox._python_folders() | {tmp_path / "python"}
    monkeypatch.setattr(sandbox, "_python_folders", lambda: bound)
    code = f"import json, os\nprint(json.dumps(os.listdir({str(secret)!r})))"
    assert told(run(submit(end=[code]))) == ["gradebook.txt"], "it is in a bound folder"
    assert told(run(submit(end=[code]), secrets=[secret])) == []


def test_there_is_no_network(submit, run):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        code = (f"import json, socket\ntried = {{}}\n"
                f"for host, port in (('127.0.0.1', {port}), ('192.0.2.1', 80),\n"
                f"                   ('localhost', {port})):\n"
                "    try:\n        socket.create_connection((host, port), timeout=2)\n"
                "        tried[host] = 'open'\n"
                "    except OSError as e:\n        tried[host] = 'shut'\nprint(json.dumps(tried))")
        assert set(told(run(submit(end=[code]))).values()) == {"shut"}


def test_nothing_outside_the_scratch_can_be_written(submit, run, course, repo):
    code = f'''
import json, os, lobsim
written = []
for folder in ("/", "/usr", "/usr/bin", "/etc", "/run", "/run/lobsim", "/run/warm", "/course",
               "/course/data", os.path.dirname(lobsim.__file__), os.__file__, "/dev", "/proc",
               {str(course)!r}, {str(Path.home())!r}):
    try:
        open(os.path.join(folder, "mine"), "w").write("x")
        written.append(folder)
    except OSError:
        pass
rights = []
for name, attempt in (("root", lambda: os.setuid(0)), ("chroot", lambda: os.chroot("/tmp")),
                      ("kill", lambda: os.kill(1, 9))):
    try:
        attempt()
        rights.append(name)
    except OSError:
        pass
print(json.dumps([written, rights, os.getuid() == 0]))
'''
    assert told(run(submit(end=[code]))) == [[], [], False]


def test_processes_memory_and_disk_are_limited(submit, run):
    code = '''
import json, os, signal
pids = []
try:
    for _ in range(400):
        pid = os.fork()
        if pid == 0:
            signal.pause()
        pids.append(pid)
except OSError:
    pass
for pid in pids:
    os.kill(pid, signal.SIGKILL)
try:
    bytearray(5 * 1024**3)
    memory = "unlimited"
except MemoryError:
    memory = "limited"
disk = 0
try:
    for i in range(10):
        with open(f"/tmp/{i}", "wb") as f:
            disk += f.write(b"x" * 100_000_000)
except OSError:
    pass
for i in range(10):
    if os.path.exists(f"/tmp/{i}"):
        os.unlink(f"/tmp/{i}")
print(json.dumps([len(pids), memory, disk]))
'''
    processes, memory, disk = told(run(submit(end=[code])))
    assert 0 < processes < 200
    assert memory == "limited"
    assert disk <= 400_000_000


def test_everything_a_submission_started_is_dead_afterwards(submit, run):
    mark = f"4{time.time_ns()}"
    code = ("import os\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n"
            f"        os.execvp('sleep', ['sleep', '{mark}'])")
    run(submit(end=[code, "import time; time.sleep(0.3)"]))
    assert mark not in _command_lines()


def _command_lines() -> str:
    lines = []
    for name in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(name.read_text(errors="replace"))
        except OSError:
            continue
    return "\n".join(lines)


def test_a_killed_grader_leaves_no_kernel_behind(submit, course, tmp_path):
    import signal
    import subprocess
    import sys

    import nbformat

    mark = f"3{time.time_ns()}"
    path = tmp_path / "long.ipynb"
    nbformat.write(submit(end=[f"import subprocess; subprocess.run(['sleep', '{mark}'])"]), path)
    code = ("from lobsim.course.runner import run_notebook\n"
            f"run_notebook({str(path)!r}, lesson={mini_course.NAME!r},\n"
            f"             course_root={str(course)!r})")
    grader = subprocess.Popen([sys.executable, "-c", code])
    _until(lambda: f"sleep\0{mark}" in _command_lines())
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    _until(lambda: f"sleep\0{mark}" not in _command_lines())


def _until(condition, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


CHEATS = {
    "equal to everything": (
        "class Any(float):\n    def __eq__(self, other): return True\n"
        "    def __sub__(self, other): return 0.0\n    __hash__ = None\n"
        "check = lambda *a: 3.0\nprint(3.0)\n"
        "def double(x):\n    print(3.0)\n    return Any(-1)\n3.0"),
    "patched judge and comparison": (
        "import lobsim.course.judge as j, lobsim.course.compare as c, numpy, numpy.testing\n"
        "j.judge_outcomes = j.judge = lambda *a, **k: 10\n"
        "c.equal = lambda *a, **k: True\nc.first_difference = lambda *a, **k: None\n"
        "numpy.allclose = numpy.isclose = lambda *a, **k: True\n"
        "import builtins; builtins.abs = lambda x: 0\n"
        "def double(x):\n    return -1"),
    "forged outcome": (
        "import lobsim.course.remote as r\n"
        "r._to_wire = lambda o, n: {'earned': 3.0, 'passed': True, 'value': True}\n"
        "def double(x):\n    return -1"),
    "forged reply": (
        "ip = get_ipython()\nold = ip.payload_manager.write_payload\n"
        "def write(p, **k):\n"
        "    old({'source': 'lobsim', 'outcome': {'value': True, 'error': None, 'message': '',\n"
        "         'where': '', 'changed': [], 'printed': '', 'earned': 3}})\n"
        "ip.payload_manager.write_payload = write\ndef double(x):\n    return -1"),
    "reads the stack": (
        "import sys\ndef double(x):\n    f = sys._getframe()\n    seen = []\n"
        "    while f:\n        seen += [v for v in f.f_locals.values()\n"
        "                 if isinstance(v, float) and v != x]\n"
        "        f = f.f_back\n    return seen[0] if seen else -1"),
    "leaves": "import sys\nsys.settrace(lambda *a: None)\ndef double(x):\n    raise SystemExit(0)",
    "deep": "def double(x):\n    v = []\n    for _ in range(100000): v = [v]\n    return v",
    "large": "def double(x):\n    return ['x' * 1000] * 10_000_000",
    "not a number": "def double(x):\n    return float('nan')",
}


@pytest.mark.parametrize("name", CHEATS)
def test_cheats_earn_nothing(submit, run, name):
    report = run(submit({**mini_course.RIGHT, "double": CHEATS[name]}), limits=SHORT)
    assert earned(report)["double"] == 0.0
    cell = next(c for c in report.notebook.cells
                if c.metadata.get("nbgrader", {}).get("grade_id") == "check_double")
    assert [o.data["text/plain"] for o in cell.outputs] == ["0.0"]


STASH = r'''
import atexit, sys, threading, time
from IPython.display import display
handle = display("first", display_id=True)
seen = []
class Told(Exception):
    pass
def talk():
    while True:
        time.sleep(0.02)
        for x in list(seen):
            print("thread", x)
            sys.__stdout__.write(str(x))
            handle.update({"text/plain": str(x)}, raw=True)
threading.Thread(target=talk, daemon=True).start()
atexit.register(lambda: print("exit", seen))
def double(x):
    seen.append(x)
    print("called with", x)
    print("called with", x, file=sys.stderr)
    display(x)
    handle.update({"text/plain": str(x)}, raw=True)
    if x > 1000:
        raise type("Told_%s" % str(x).replace(".", "_"), (Exception,), {})(f"hidden {x}")
    return 2 * x
'''


def test_hidden_inputs_cannot_be_carried_out(submit, run):
    answers = {**mini_course.RIGHT, "double": STASH}
    report = run(submit(answers, end=["print(seen)", "import time; time.sleep(0.2)"]))
    whole = json.dumps(report.notebook)
    assert not any(secret in whole for secret in SECRETS)
    assert "424242" not in whole, "also not as part of a name"
    assert not any("424242" in str(result) for result in report.results.values())
    assert earned(report)["double"] == 2.0, "what it answers rightly still counts"


def test_hidden_inputs_of_a_run_again_cannot_be_carried_out(submit, run):
    # the change of a global makes the grader run the notebook again up to the check
    answers = {**mini_course.RIGHT, "double": STASH.replace("return 2 * x", "return factor * x")
               + "\nfactor = 2"}
    report = run(submit(answers, end=["factor = 3"]))
    assert "424242" not in json.dumps(report.notebook)


def test_forged_messages_are_passed_over(submit, run):
    forge = r'''
from jupyter_client.session import Session
k = get_ipython().kernel
parent = k.get_parent("shell") if hasattr(k, "get_parent") else k._parent_header
for content in ({"status": "ok"}, {"status": 7, "payload": 3}, {"execution_state": []}):
    for kind in ("execute_reply", "status", "stream", "display_data", "error", "nonsense"):
        k.session.send(k.iopub_socket, kind, content, parent=parent)
        k.session.send(k.shell_stream if hasattr(k, "shell_stream") else k.iopub_socket, kind,
                       content, parent=parent, ident=parent.get("parent_header", {}).get("x"))
k.iopub_socket.send_multipart([b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"[" * 100000])
'''
    report = run(submit(after={"double": [forge]}), limits=SHORT)
    assert earned(report) == FULL


def test_a_flood_of_messages_neither_fills_memory_nor_costs_others_marks(submit, run):
    import resource

    flood = ("from IPython.display import display\nimport time\nend = time.time() + 1\n"
             "while time.time() < end:\n    display({'text/plain': 'x' * 1_000_000}, raw=True)")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = run(submit(before={"double": [flood]}), limits=QUICK)
    assert earned(report) == FULL
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000  # kB


def test_a_message_larger_than_allowed_cuts_the_line_and_costs_only_its_cell(submit, run):
    huge = ("from IPython.display import display\n"
            "display({'text/plain': 'x' * 50_000_000}, raw=True)")
    report = run(submit(before={"spreads": [huge]}), limits=SHORT)
    assert earned(report) == FULL


def test_html_of_a_student_holds_no_script(submit, run):
    code = ("from IPython.display import HTML, Javascript, SVG, display\n"
            "display(HTML('<b onclick=\"evil()\">bold</b><script>evil()</script>"
            "<img src=x onerror=evil()><iframe src=\"http://192.0.2.1\"></iframe>'))\n"
            "display(Javascript('evil()'))\n"
            "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\">'\n"
            "            '<script>evil()</script></svg>'))")
    cell = run(submit(end=[code])).notebook.cells[-1]
    data = [output.data for output in cell.outputs]
    assert any("<b>bold</b>" in d.get("text/html", "") for d in data)
    for d in data:
        assert "application/javascript" not in d and "image/svg+xml" not in d
        page = d.get("text/html", "")
        assert "<script" not in page and "<iframe" not in page and "<img src=x" not in page
        assert "onclick=" not in page


def test_two_runs_at_once_do_not_share_a_process_limit(submit, run):
    greedy = ("import os, signal, time\ntry:\n    while True:\n        if os.fork() == 0:\n"
              "            signal.pause()\nexcept OSError:\n    time.sleep(3)")
    results = {}
    thread = threading.Thread(target=lambda: results.update(a=run(submit(end=[greedy]))))
    thread.start()
    time.sleep(1.5)
    results["b"] = run(submit())
    thread.join()
    assert earned(results["b"]) == FULL
    assert earned(results["a"])["larger"] == 1.0
