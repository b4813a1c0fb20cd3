"""A kernel without a sandbox ends with the process that grades, however that ends."""

import subprocess
import sys
import time

import psutil
import pytest

GRADER = """
import sys, time
from lobsim.course.kernel import Kernel, plain_launch
from lobsim.course.limits import Limits

kernel = Kernel(plain_launch(None, None, Limits()), Limits())
kernel.start()
print(kernel._process.pid, flush=True)
kernel.run_cell("while True: pass", 600.0, 1000)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system call is Linux's")
def test_a_kernel_in_an_endless_loop_dies_with_a_killed_grader():
    grader = subprocess.Popen([sys.executable, "-c", GRADER], stdout=subprocess.PIPE, text=True)
    try:
        kernel = psutil.Process(int(grader.stdout.readline()))
        deadline = time.monotonic() + 60
        while kernel.cpu_times().user < 1.5 and time.monotonic() < deadline:
            time.sleep(0.2)  # until it is in its loop
        assert kernel.is_running()
    finally:
        grader.kill()
        grader.wait()
        grader.stdout.close()
    gone, alive = psutil.wait_procs([kernel], timeout=20)
    for process in alive:
        process.kill()
    assert not alive
