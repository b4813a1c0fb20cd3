"""Memory is limited for a submission as a whole, and none of it can be hidden from the count."""

import errno
import mmap
import os
import platform
import struct
import subprocess
import sys
import time
from pathlib import Path

import mini_course
import psutil
import pytest
from grading_tools import FULL, QUICK, earned, printed

from lobsim.course import closed_calls
from lobsim.course.group_memory import FOLDER_VARIABLE, ControlGroup, GroupMemory, held_bytes
from lobsim.course.limits import Limits

LIMIT = 400_000_000
SMALL = QUICK.but(group_memory_bytes=LIMIT)
TOO_MUCH = "it and what it started took more than 400 MB of memory together"

BOMBS = {
    "many processes": """
import os, time
for _ in range(12):
    if os.fork() == 0:
        held = b'1' * 40_000_000 + bytes([len(os.environ)])
        time.sleep(60)
        os._exit(0)
time.sleep(60)""",
    "one process": """
import time
held = []
for i in range(50):
    held.append(bytearray(b'1') * 10_000_000)
time.sleep(60)""",
    "scratch folders": """
import time
for i in range(4):
    for folder in ('/tmp', '/home/learner', '/dev/shm'):
        with open(f'{folder}/{i}', 'wb') as file:
            file.write(b'1' * 40_000_000)
time.sleep(60)""",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_group_over_its_limit_is_ended_and_costs_only_its_cell(shut_in, submit, run, name):
    report = run(submit(before={"double": [BOMBS[name]]}), limits=SMALL)
    assert earned(report) == FULL
    assert [p for p in report.problems if TOO_MUCH in p]


def test_a_function_over_the_limit_costs_only_its_exercise(shut_in, submit, run):
    hungry = ("def double(x):\n    import time\n    held = [bytearray(b'1') * 50_000_000 for _ in "
              "range(9)]\n    time.sleep(30)\n    return 2 * x")
    report = run(submit({**mini_course.RIGHT, "double": hungry}), limits=SMALL.but(call_s=15))
    assert earned(report) == {**FULL, "double": 0.0}
    assert any("double" in p and TOO_MUCH in p for p in report.problems)
    assert TOO_MUCH in printed(report), "the panel says it too"


def test_forks_that_share_their_memory_are_counted_once(shut_in, submit, run):
    workers = """
import os, time
held = bytearray(b'1') * 80_000_000
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        time.sleep(1.5)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
print('all', 'came back')"""
    report = run(submit(before={"double": [workers]}), limits=SMALL)
    assert report.problems == [] and "all came back" in printed(report)


def test_memory_of_the_whole_tree_is_counted():
    code = ("import subprocess, sys, time\nheld = bytearray(b'1') * 30_000_000\n"
            "if len(sys.argv) < 3:\n"
            "    subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[1], 'leaf'])\n"
            "print('up', flush=True)\ntime.sleep(60)")
    process = subprocess.Popen([sys.executable, "-c", code, code], stdout=subprocess.PIPE)
    try:
        assert [process.stdout.readline() for _ in range(2)] == [b"up\n", b"up\n"]
        rough = held_bytes(process.pid, scratch=False, enough=10**12)
        exact = held_bytes(process.pid, scratch=False)
        assert 60_000_000 < exact < rough < 200_000_000
    finally:
        for child in psutil.Process(process.pid).children():
            child.kill()
        process.kill()
        process.wait()
    assert held_bytes(process.pid, scratch=False) == 0


# ---------------------------------------------------------------- memory that no process shows

HIDING = """
import ctypes, json, mmap, os
library = ctypes.CDLL(None, use_errno=True)
library.shmat.restype = ctypes.c_void_p
got = []
def attempt(name, call):
    ctypes.set_errno(0)
    try:
        result = call()
    except OSError as error:
        result = -error.errno
    got.append([name, result if result is None or result >= 0 else
                -(ctypes.get_errno() or -result)])
attempt("segment", lambda: library.shmget(0, 50_000_000, 0o1600))
attempt("file", lambda: os.memfd_create("x"))
attempt("shared pages", lambda: mmap.mmap(-1, 50_000_000) and None)
attempt("namespace", lambda: library.unshare(0x10000000 | 0x20000))
attempt("clone", lambda: library.syscall({clone}, 0x10000000 | 17, 0, 0, 0, 0))
attempt("mount", lambda: library.mount(b"t", b"/tmp", b"tmpfs", 0, b"size=8g"))
attempt("private pages", lambda: mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE
                                           | mmap.MAP_ANONYMOUS) and None)
import subprocess, threading
attempt("thread", lambda: threading.Thread(target=print).start())
attempt("process", lambda: subprocess.run(["true"]).returncode)
print(json.dumps(got))
"""


def test_memory_cannot_be_hidden_from_the_count(shut_in, submit, run):
    import json

    clone = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    report = run(submit(end=[HIDING.replace("{clone}", str(clone))]))
    text = "".join(o.get("text", "") for o in report.notebook.cells[-1].outputs)
    refused = -errno.EPERM
    assert dict(json.loads(text.strip().splitlines()[-1])) == {
        "segment": refused, "file": refused, "shared pages": refused, "namespace": refused,
        "clone": refused, "mount": refused, "private pages": None, "thread": None, "process": 0}


def _answer(program: bytes, audit: int, number: int, arguments=(0,) * 6) -> int:
    """What the kernel's packet filter answers: its few instructions in plain words."""
    data = struct.pack("=iIQ6Q", number, audit, 0, *arguments)
    lines = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    held, at = 0, 0
    while True:
        code, if_true, if_false, value = lines[at]
        at += 1
        if code == 0x20:
            held = struct.unpack_from("=I", data, value)[0]
        elif code == 0x54:
            held &= value
        elif code == 0x06:
            return value
        else:
            true = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += if_true if true else if_false


@pytest.mark.parametrize(("machine", "audit"), [("x86_64", 0xC000003E), ("aarch64", 0xC00000B7)])
def test_exactly_the_named_calls_are_closed_on_every_processor(machine, audit):
    program = closed_calls.program(machine)
    column = ("x86_64", "aarch64").index(machine)
    closed = {numbers[column] for numbers in closed_calls._CLOSED.values()}
    refused, missing, allowed = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x7FFF0000
    for number in range(500):
        expected = refused if number in closed else missing if number == 435 else allowed
        assert _answer(program, audit, number) == expected, number
    assert _answer(program, audit + 1, 0) == missing, "another processor's table"
    clone, map_ = closed_calls._CLONE[column], closed_calls._MMAP[column]
    threads = 0x3D0F00  # the flags of a thread
    assert _answer(program, audit, clone, (threads, 0, 0, 0, 0, 0)) == allowed
    for bit in (17, 25, 26, 27, 28, 29, 30):  # every kind of namespace
        assert _answer(program, audit, clone, (1 << bit, 0, 0, 0, 0, 0)) == refused
    for flags, answer in ((mmap.MAP_SHARED, allowed), (mmap.MAP_PRIVATE, allowed),
                          (mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, allowed),
                          (mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, refused),
                          (3 | mmap.MAP_ANONYMOUS, refused)):
        assert _answer(program, audit, map_, (0, 0, 0, flags, 0, 0)) == answer


# ----------------------------------------------------------------------------- control groups
# On folders that only look like control groups: a real one has to be handed over by the machine.


def test_without_a_folder_handed_over_no_control_group_is_made(monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert ControlGroup.make(Limits()) is None


@pytest.mark.parametrize("version", [1, 2])
def test_a_kernel_is_in_its_control_group_before_it_is_asked_anything(shut_in, submit, run,
                                                                     tmp_path, monkeypatch,
                                                                     version):
    if version == 2:
        (tmp_path / "cgroup.controllers").write_text("memory pids\n")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    seen = {}
    real = ControlGroup.remove

    def remove(group):
        seen.update({path.name: path.read_text().strip() for path in group.folder.iterdir()})
        for path in group.folder.iterdir():  # the files of a real one go with their folder
            path.unlink()
        real(group)

    monkeypatch.setattr(ControlGroup, "remove", remove)
    assert earned(run(submit(), limits=SMALL)) == FULL
    pid = seen.pop("cgroup.procs")
    assert pid.isdigit() and not Path(f"/proc/{pid}").exists()
    assert seen == ({"memory.limit_in_bytes": str(LIMIT), "memory.memsw.limit_in_bytes": str(LIMIT)}
                    if version == 1 else
                    {"memory.max": str(LIMIT), "memory.swap.max": "0", "memory.oom.group": "1",
                     "pids.max": "104"})
    assert [path.name for path in tmp_path.glob("lobsim-*")] == []


def test_every_process_of_the_tree_is_moved_also_those_that_come_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    group = ControlGroup.make(Limits())
    moved, told = [], iter([[5], [5, 6], [5, 6, 7], [5, 6, 7]])
    monkeypatch.setattr(Path, "write_text", lambda path, text: moved.append((path.name, text)))
    group.take_in(lambda: next(told))
    assert moved == [("cgroup.procs", f"{pid}\n") for pid in (5, 6, 7)]


@pytest.mark.parametrize(("version", "name"), [(1, "memory.oom_control"), (2, "memory.events")])
def test_a_process_that_the_system_killed_for_its_memory_ends_the_kernel(tmp_path, monkeypatch,
                                                                        version, name):
    if version == 2:
        (tmp_path / "cgroup.controllers").write_text("memory pids\n")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    watch = GroupMemory(os.getpid(), Limits(), scratch=False)
    (watch.group.folder / name).write_text("under_oom 0\noom_kill 0\n")
    assert watch.exceeded() is None
    (watch.group.folder / name).write_text("under_oom 0\noom_kill 1\n")
    time.sleep(0.15)  # looks are that far apart
    assert watch.exceeded() == "and what it started took more than 6 GiB of memory together"


def test_a_folder_that_is_no_control_group_is_told_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(OSError, match="LOBSIM_CGROUP is .*missing.*, but no control group"):
        ControlGroup.make(Limits())
