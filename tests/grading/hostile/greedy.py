"""Submissions that take more time, memory, processes, output or disk than one may."""

from __future__ import annotations

from hostile.desk import RIGHT, TOTAL, WITHOUT_DOUBLE, Case


def before(code):
    return lambda desk: desk.fill(before={"double": code})


def function(code):
    return lambda desk: desk.fill({**RIGHT, "double": code})


DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
COMPILED = ("from numba import njit\n@njit\ndef loop(n):\n    k = 0\n    while n > 0:\n"
            "        k += n % 3\n    return k\nloop(5)")
MEMORY = ("import time\nheld = []\nfor _ in range(150):\n"
          "    held.append(bytearray(b'1') * 10_000_000)\ntime.sleep(4)")
FORKS = ("import os, time\nend = time.time() + 40\nwhile time.time() < end:\n    try:\n"
         "        os.fork()\n    except OSError:\n        pass\nos._exit(0)")
MANY_LARGE = ("import os, time\nfor _ in range(16):\n    if os.fork() == 0:\n"
              "        held = bytearray(b'1') * 80_000_000\n        time.sleep(30)\n"
              "        os._exit(0)\ntime.sleep(4)")
THREADS = ("import threading, time\nfor _ in range(3000):\n"
           "    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()")
OUTPUT = "for _ in range(1000):\n    print('x' * 1_000_000)"
LINES = "for i in range(200_000):\n    print(i)"
FIGURES = ("from IPython.display import display\nfor _ in range(40):\n"
           "    display({'image/png': 'A' * 1_000_000, 'text/plain': ''}, raw=True)")
ONE_MESSAGE = ("from IPython.display import display\n"
               "display({'text/plain': 'x' * 50_000_000}, raw=True)")
DISK = ("for i in range(30):\n    with open(f'/tmp/filler-{i}', 'wb') as file:\n"
        "        file.write(b'x' * 50_000_000)")


def many_slow_cells(desk):
    return desk.fill(end=("import time; time.sleep(5.5)",) * 12)


LINE = "took the Python process down"
CUT = ("more characters were printed", LINE)  # a flood may outlast its cell's time
STOPPED = ("was stopped after", LINE)  # on a busy machine the interrupt may come too late
CASES = [
    Case("loop", "an endless loop in a cell", before("while True: pass"), TOTAL,
         STOPPED),
    Case("deaf-loop", "an endless loop that ignores the interrupt", before(DEAF), TOTAL, LINE),
    Case("compiled-loop", "an endless compiled loop", before(COMPILED), TOTAL, LINE),
    Case("loop-in-function", "an endless loop in an answer",
         function("def double(x):\n    while True: pass"), WITHOUT_DOUBLE,
         "'double' was stopped after"),
    Case("slow-cells", "many cells just below the time limit", many_slow_cells, TOTAL,
         "the notebook took longer"),
    Case("memory", "a memory bomb of one process", before(MEMORY), TOTAL, "of memory together"),
    Case("forks", "a fork bomb", before(FORKS), TOTAL, LINE),
    Case("large-forks", "many processes, each with much memory", before(MANY_LARGE), TOTAL,
         "of memory together"),
    Case("threads", "3,000 threads", before(THREADS), TOTAL),
    Case("output", "1 GB of output in long lines", before(OUTPUT), TOTAL, CUT),
    Case("lines", "200,000 lines of output", before(LINES), TOTAL, CUT),
    Case("figures", "40 MB of pictures", before(FIGURES), TOTAL, "too large"),
    Case("one-message", "one output of 50 MB", before(ONE_MESSAGE), TOTAL),
    Case("disk", "1.5 GB of files", before(DISK), TOTAL),
    Case("killed", "the kernel killed from inside", before("import os; os.kill(os.getpid(), 9)"),
         TOTAL, LINE),
    Case("exit-cell", "the process ended in a cell", before("import os; os._exit(0)"), TOTAL,
         LINE),
    Case("exit-function", "the process ended in an answer",
         function("def double(x):\n    import os; os._exit(0)"), WITHOUT_DOUBLE, LINE),
    Case("segfault", "a crash in C", before("import ctypes; ctypes.string_at(0)"), TOTAL, LINE),
    Case("large-value", "an answer of 10 GB",
         function("def double(x):\n    return ['x' * 1000] * 10_000_000"), WITHOUT_DOUBLE),
    Case("deep-value", "an answer nested 100,000 deep",
         function("def double(x):\n    v = []\n    for _ in range(100000): v = [v]\n    return v"),
         WITHOUT_DOUBLE),
]
