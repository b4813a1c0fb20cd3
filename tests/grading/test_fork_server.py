"""A forked kernel is shut in as a cold one is, gives the same marks, and knows of no other."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mini_course
import pytest
from grading_tools import FULL, QUICK, earned

from lobsim.course import fork_server, sandbox, warmth
from lobsim.course.kernel import Kernel, _lives

pytestmark = pytest.mark.usefixtures("shut_in")

# What a process can see of where it is, as JSON; the same program looks into cold kernels.
LOOK = r'''
import glob, json, os, re, resource, socket, stat, sys
def status(name):
    text = open("/proc/self/status").read()
    return re.search(rf"^{name}:\s*(.*)$", text, re.M)[1].split()
def tree(top):
    return sorted(os.path.join(t, n) for t, ds, fs in os.walk(top) for n in ds + fs)
def loopback():
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.settimeout(2)
        return client.connect_ex(server.getsockname())
writable = []
for top, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(top, f) not in ("/proc", "/usr")
                  and "packages" not in f and not os.path.islink(os.path.join(top, f))]
    if os.access(top, os.W_OK):
        writable.append(top)
        folders[:] = []
print(json.dumps({
    "capabilities": [status(f"Cap{s}") for s in ("Inh", "Prm", "Eff", "Bnd", "Amb")],
    "no new rights": status("NoNewPrivs"), "filter": status("Seccomp"),
    "groups": os.getgroups(), "root": os.getuid() == 0,
    "limits": {n: resource.getrlimit(getattr(resource, n)) for n in sorted(dir(resource))
               if n.startswith("RLIMIT_") and n != "RLIMIT_NPROC"},
    "processes": sorted(p for p in os.listdir("/proc") if p.isdigit()),
    "environment": {k: v for k, v in sorted(os.environ.items())},
    "environment of 1": os.path.getsize("/proc/1/environ"),
    "interfaces": [name for _, name in socket.if_nameindex()], "loopback": loopback(),
    "host": socket.gethostname(), "folder": os.getcwd(), "path": sys.path[:1],
    "top": sorted(os.listdir("/")), "run": sorted(os.listdir("/run")),
    "kernels": os.path.isdir("/run/kernels") and os.listdir("/run/kernels") or [],
    "sockets": sorted(os.listdir("/run/lobsim")), "lesson": tree("/run/lesson"),
    "scratch": [p for top in ("/tmp", "/dev/shm", "/home") for p in tree(top)
                if "/.cache/" not in p and "/.ipython" not in p
                and not p.startswith(os.path.dirname(sys.prefix) + "/")],  # Python may live there
    "devices": sorted(os.listdir("/dev")), "terminals": sorted(os.listdir("/dev/pts")),
    "sizes": {p: os.statvfs(p).f_blocks for p in ("/tmp", "/dev/shm", "/home/learner")},
    "writable": sorted(writable), "umask": status("Umask"), "open": sorted(
        os.path.basename(os.readlink(f"/proc/self/fd/{f}")) for f in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{f}") and "/" in os.readlink(f"/proc/self/fd/{f}")),
    "handlers": [status(n) for n in ("SigBlk", "SigIgn", "SigCgt")],
}))
'''


def shut(monkeypatch, *, forked: bool, limits=QUICK, files=None, root=None) -> Kernel:
    """A kernel in the sandbox, of the wanted kind."""
    monkeypatch.setenv(fork_server.SWITCH, "1" if forked else "0")
    return Kernel(sandbox.launch(files, root, limits), limits)


def said(kernel: Kernel, code: str) -> str:
    """What a cell prints."""
    run = kernel.run_cell(code, 30, 10**6)
    assert run.status == "ok", run.outputs
    return "".join(output.get("text", "") for output in run.outputs)


def is_forked(kernel: Kernel) -> bool:
    return isinstance(kernel._process, fork_server.Forked)


def test_a_forked_kernel_sees_and_may_what_a_cold_one_does(monkeypatch, course):
    seen = {}
    for forked in (False, True):
        files = course / "lessons" / mini_course.NAME
        with shut(monkeypatch, forked=forked, files=files, root=course) as kernel:
            assert is_forked(kernel) is forked
            seen[forked] = json.loads(said(kernel, LOOK))
    cold, warm = seen[False], seen[True]
    none = ["0000000000000000"]
    assert warm["capabilities"] == [none] * 5
    cold["capabilities"] = warm["capabilities"]  # bubblewrap leaves some in sets without effect
    warm["run"].remove("kernels")  # an empty folder that nobody can write
    cold["writable"] = [p for p in cold["writable"] if p != "/dev/pts"]  # a user's, with bubblewrap
    assert warm == cold
    assert cold["open"], "the look at open files itself must have worked"


PARQUET = r'''
import pandas
pandas.DataFrame({"n": [1, 2], "text": ["a", None]}).to_parquet("/tmp/table.parquet")
found = pandas.read_parquet("/tmp/table.parquet")
print(found.to_dict("list"), dict(found.dtypes.astype(str)))
'''


def test_parquet_is_read_and_written_alike_in_both_kinds(monkeypatch, course):
    told = []
    for forked in (False, True):
        with shut(monkeypatch, forked=forked, root=course) as kernel:
            assert is_forked(kernel) is forked
            told.append(said(kernel, PARQUET))
    assert told[0] == told[1] and "[1, 2]" in told[0]


LEAVE = r'''
import json, os, subprocess, sys, threading, time
import builtins, matplotlib, numpy, pandas, lobsim
for place in ("/tmp", "/dev/shm", "/home/learner", "/home/learner/work", "/home/learner/.cache",
              os.environ["NUMBA_CACHE_DIR"]):
    os.makedirs(place, exist_ok=True)
    open(os.path.join(place, "left_behind"), "w").write("left by the first")
os.environ["LEFT_BEHIND"] = "left by the first"
builtins.left_behind = numpy.left_behind = lobsim.left_behind = "left by the first"
matplotlib.rcParams["lines.linewidth"] = 77
numpy.random.seed(1)
numpy.seterr(all="ignore")
pandas.set_option("display.max_rows", 7)
sys.path.insert(0, "/home/learner/work")
os.umask(0)
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print("done")
'''

FIND = r'''
import builtins, json, os, sys
import matplotlib, numpy, pandas, lobsim
print(json.dumps({
    "files": [os.path.join(t, f) for top in ("/tmp", "/dev", "/home", "/run")
              for t, _, fs in os.walk(top) for f in fs if f == "left_behind"],
    "environment": "LEFT_BEHIND" in os.environ,
    "names": [n for n, m in (("builtins", builtins), ("numpy", numpy), ("lobsim", lobsim))
              if hasattr(m, "left_behind")],
    "width": matplotlib.rcParams["lines.linewidth"] == 77,
    "errors": numpy.geterr()["divide"], "rows": pandas.get_option("display.max_rows"),
    "path": "/home/learner/work" in sys.path[:1], "umask": os.umask(0o22),
    "processes": len([p for p in os.listdir("/proc") if p.isdigit()]),
    "shared": [line for line in open("/proc/self/maps") if line.split()[1] == "rw-s"],
}))
'''
NOTHING = {"files": [], "environment": False, "names": [], "width": False, "errors": "warn",
           "rows": 60, "path": False, "umask": 0o22, "processes": 2, "shared": []}


def memory_holds(kernel: Kernel, words: list[str]) -> list[str]:
    '''Which words are in the memory of a kernel's processes, looked at from outside.'''
    import psutil

    found = set()
    first = psutil.Process(kernel._process.pid)
    for process in [first, *first.children(recursive=True)]:
        maps = Path(f"/proc/{process.pid}/maps").read_text().splitlines()
        with open(f"/proc/{process.pid}/mem", "rb") as memory:
            for line in maps:
                place, rights = line.split()[:2]
                if not rights.startswith("rw") or "[v" in line:
                    continue
                start, end = (int(x, 16) for x in place.split("-"))
                memory.seek(start)
                data = memory.read(end - start)
                found |= {word for word in words if word.encode() in data}
    return sorted(found)


@pytest.mark.parametrize("at_once", [False, True], ids=["after it", "beside it"])
def test_a_forked_kernel_finds_nothing_of_an_earlier_one(monkeypatch, at_once):
    first, second = (shut(monkeypatch, forked=True) for _ in range(2))
    with contextlib.ExitStack() as both:
        with contextlib.ExitStack() as earlier:
            earlier.enter_context(first)
            assert is_forked(first) and said(first, LEAVE) == "done\n"
            words = ["left by " + "the first", first._session.key.decode(),
                     first._folder.parent.name]
            if os.getuid():  # not even their owner may look into kernels, only root
                with pytest.raises(PermissionError):
                    memory_holds(first, words)
            else:
                assert memory_holds(first, words) == sorted(words), "the search must have worked"
            if at_once:
                both.enter_context(second)
        if not at_once:
            both.enter_context(second)
        assert is_forked(second)
        assert json.loads(said(second, FIND)) == NOTHING
        if not os.getuid():
            assert memory_holds(second, words) == []


def test_chance_differs_from_fork_to_fork(monkeypatch):
    code = ("import random, uuid, tempfile, numpy, numba\n"
            "@numba.njit\ndef drawn():\n    return numpy.random.random()\n"
            "print(random.random(), numpy.random.random(), numpy.random.default_rng().random(),\n"
            "      drawn(), uuid.uuid4(), next(tempfile._get_candidate_names()))")
    drawn = []
    for _ in range(2):
        with shut(monkeypatch, forked=True) as kernel:
            drawn.append(said(kernel, code).split())
    assert all(a != b for a, b in zip(*drawn, strict=True))


def _visible(report) -> list:
    '''What a notebook shows, without what no two kernels share.'''
    return [(cell.source, cell.get("outputs", [])) for cell in report.notebook.cells]


SHOWS = '''
import numpy as np, pandas as pd, matplotlib.pyplot as plt
from lobsim.market import Market
rng = np.random.default_rng(3)
market = Market("SPY", seed=5)
market.advance(market.clock_s + 2)
print(market.mid, rng.random(3), {"c", "a", "b"}, plt.rcParams["font.size"])
plt.plot([1, 2, 3])
plt.show()
pd.DataFrame({"a": [1.5, 2.5]}).describe()
'''


def test_marks_and_outputs_are_those_of_a_cold_kernel(monkeypatch, submit, run):
    notebook = submit({**mini_course.RIGHT, "double": "def double(x):\n    return 3 * x"},
                      end=[SHOWS, "1 / 0"])
    reports = []
    for switch in "10":
        monkeypatch.setenv(fork_server.SWITCH, switch)
        reports.append(run(notebook))
    assert earned(reports[0]) == earned(reports[1])
    assert 0 < sum(earned(reports[0]).values()) < sum(FULL.values())
    for forked, cold in zip(*map(_visible, reports), strict=True):
        assert forked == cold
    assert "image/png" in json.dumps(_visible(reports[0])), "the figure must have been drawn"
    assert reports[0].problems == reports[1].problems


def test_a_server_that_dies_costs_no_kernel(monkeypatch):
    with shut(monkeypatch, forked=True) as kernel:
        assert is_forked(kernel)
        running = list(fork_server._servers().values())[-1]
        running._process.kill()
        running._process.wait()
    with shut(monkeypatch, forked=True) as kernel:
        assert said(kernel, "print(1 + 1)") == "2\n" and is_forked(kernel)


def test_only_a_second_kernel_of_a_kind_starts_a_server(monkeypatch):
    monkeypatch.delenv(fork_server.SWITCH, raising=False)
    limits = QUICK.but(scratch_bytes=QUICK.scratch_bytes - 4096)  # a kind of its own
    kinds = []
    for _ in range(2):
        with Kernel(sandbox.launch(None, None, limits), limits) as kernel:
            kinds.append(is_forked(kernel))
    assert kinds == [False, True]


def test_where_forks_cannot_be_shut_in_kernels_start_cold(monkeypatch):
    monkeypatch.setattr(fork_server, "_failures", [])
    monkeypatch.setattr(sandbox, "_SHUTTING_IN", ("CAP_KILL",))  # root without the right to
    monkeypatch.setattr(sandbox.zygote, "KERNELS", "/run/elsewhere")  # others: nothing to show
    try:
        for _ in range(fork_server._MOST_FAILURES + 1):
            with shut(monkeypatch, forked=True) as kernel:
                assert said(kernel, "print(1 + 1)") == "2\n" and not is_forked(kernel)
        assert len(fork_server._failures) == fork_server._MOST_FAILURES
        assert "fork" in fork_server.why_not()
    finally:
        fork_server.close_all()


def test_everything_a_forked_kernel_started_ends_with_it(monkeypatch):
    import psutil

    code = ("import os, subprocess\nfor _ in range(3):\n"
            "    subprocess.Popen(['sleep', '1000'], start_new_session=True)\nprint('on')")
    with shut(monkeypatch, forked=True) as kernel:
        assert said(kernel, code) == "on\n"
        inside = [p for p in psutil.Process(kernel._process.pid).children(recursive=True)]
        assert len(inside) >= 4
    assert not any(map(_lives, inside))


def test_a_grader_that_ends_leaves_no_folder_of_its_server(tmp_path):
    script = tmp_path / "grader.py"
    script.write_text(
        "from lobsim.course import fork_server, sandbox\n"
        "from lobsim.course.kernel import Kernel\nfrom lobsim.course.limits import Limits\n"
        "with Kernel(sandbox.launch(None, None, Limits()), Limits()):\n"
        "    print(*(s.folder for s in fork_server._servers().values()))\n")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True,
                          env={**os.environ, fork_server.SWITCH: "1"})
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.name.startswith("lobsim-kernel-") and not folder.exists()


def test_a_server_ends_with_its_grader(tmp_path):
    import psutil

    script = tmp_path / "grader.py"
    script.write_text(
        "import time\nfrom lobsim.course import sandbox\nfrom lobsim.course.kernel import Kernel\n"
        "from lobsim.course.limits import Limits\n"
        "kernel = Kernel(sandbox.launch(None, None, Limits()), Limits())\nkernel.start()\n"
        "print(type(kernel._process).__name__, flush=True)\ntime.sleep(600)\n")
    grader = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, fork_server.SWITCH: "1"})
    assert grader.stdout.readline() == "Forked\n"
    left = psutil.Process(grader.pid).children(recursive=True)
    assert len(left) >= 4
    grader.kill()
    grader.wait()
    deadline = time.monotonic() + 30
    while any(map(_lives, left)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


AS_USER = """
import os, sys
from lobsim.course import namespaces as n
python, stash, *command = sys.argv[1:]
if python.startswith("/root/"):  # root's own Python: shown to this process and those it starts
    n._call("unshare", n._NEW["mnt"])
    n._mount(None, "/", n._REC | n._PRIVATE)
    n._mount(None, stash, n._BIND | n._REC, python)
    n._mount("tmpfs", "/root", 0, "tmpfs", "mode=0755")
    os.makedirs(python)
    n._mount(None, python, n._BIND | n._REC, stash)
os.setgroups([])
os.setgid(1000)
os.setuid(1000)
os.execv(command[0], command)
"""


LAWS_FOR_A_USER = (
    "test_a_forked_kernel_sees_and_may_what_a_cold_one_does",
    "test_a_forked_kernel_finds_nothing_of_an_earlier_one[after it]",
    "test_everything_a_forked_kernel_started_ends_with_it")


def test_for_an_ordinary_user_the_same_holds():
    if os.getuid():
        return  # then the tests themselves have shown it
    home = Path(tempfile.mkdtemp(prefix="lobsim-user-"))
    try:
        warm = warmth.warm_folder()
        shutil.copytree(warm, home / "lobsim" / "sandbox" / warm.name)
        (home / "stash").mkdir()
        for path in [home, *home.rglob("*")]:
            os.chown(path, 1000, 1000)
        test = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider",
                f"--basetemp={home / 'temp'}", *(f"{__file__}::{law}" for law in LAWS_FOR_A_USER)]
        done = subprocess.run(
            [sys.executable, "-c", AS_USER, sys.base_prefix, str(home / "stash"), *test],
            capture_output=True, text=True, cwd=Path(__file__).parents[2],
            env={**os.environ, "HOME": str(home), "LOBSIM_CACHE": str(home),
                 "NUMBA_CACHE_DIR": str(home / "numba"), "LOBSIM_NO_SKIP": "1",
                 "PYTEST_ADDOPTS": ""})  # a report of these tests is not the user's to write
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        assert f"{len(LAWS_FOR_A_USER)} passed" in done.stdout
    finally:
        shutil.rmtree(home, ignore_errors=True)
