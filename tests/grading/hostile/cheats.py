"""Submissions that try to earn marks without a right answer. All but `double` is answered right."""

from __future__ import annotations

from hostile.desk import RIGHT, WITHOUT_DOUBLE, Case

PATCHED = """
import numpy, numpy.testing
same = lambda *a, **k: True
nothing = lambda *a, **k: None
numpy.allclose = numpy.isclose = numpy.array_equal = same
for name in dir(numpy.testing):
    if name.startswith('assert_'):
        setattr(numpy.testing, name, nothing)
assert_allclose = nothing
def double(x):
    return -1"""
PATCHED_JUDGE = """
import lobsim.course.judge as j, lobsim.course.compare as c, lobsim.course.wire as w
j.judge_outcomes = j.judge = lambda *a, **k: 10
c.equal = lambda *a, **k: True
c.first_difference = lambda *a, **k: None
def double(x):
    return -1"""
STRIPPED = """
import ast, builtins
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
    def visit_Call(self, node):
        name = getattr(node.func, 'id', getattr(node.func, 'attr', ''))
        return ast.Constant(3.0) if name.startswith('assert_') or name == 'check' else node
get_ipython().ast_transformers.append(Strip())
def double(x):
    return -1"""
BLANKED = """
def blank(lines):
    text = ''.join(lines)
    return ['3.0'] if 'assert' in text or 'check(' in text else lines
get_ipython().input_transformers_cleanup.append(blank)
def double(x):
    return -1"""
EQUAL = """
class Equal(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __array__(self, *a, **k): return Everything()
    __hash__ = float.__hash__
class Everything:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __bool__(self): return True
def double(x):
    return Equal(-1)"""
CLASSED = """
class Pretender:
    __class__ = float
    def __float__(self): return float(self.x)
    def __eq__(self, other): return True
    def __getattr__(self, name): return lambda *a, **k: True
def double(x):
    return Pretender()"""
ARRAY = """
import numpy as np
class Bent(np.ndarray):
    def __eq__(self, other): return np.bool_(True)
    def __array_function__(self, *a, **k): return np.array(True)
    def __array_ufunc__(self, *a, **k): return np.array(True)
def double(x):
    return np.array(-1.0).view(Bent)"""
PRINTED = """
check = lambda *a: 3.0
print(3.0)
def double(x):
    print(3.0)
    return -1
3.0"""
MESSAGES = """
kernel = get_ipython().kernel
def forge():
    parent = kernel.get_parent('shell') if hasattr(kernel, 'get_parent') else kernel._parent_header
    for kind, content in (
            ('execute_result', {'data': {'text/plain': '3.0'}, 'metadata': {},
                                'execution_count': 1}),
            ('execute_reply', {'status': 'ok', 'payload': [{'source': 'lobsim', 'outcome': {
                'value': 6, 'error': None, 'message': '', 'where': '', 'changed': [],
                'printed': ''}}]})):
        for socket in (kernel.iopub_socket, getattr(kernel, 'shell_stream', None)):
            if socket is not None:
                kernel.session.send(socket, kind, content, parent=parent,
                                    ident=getattr(kernel, '_parent_ident', {}).get('shell'))
forge()
def double(x):
    forge()
    return -1"""
PAYLOAD = """
shell = get_ipython()
write = shell.payload_manager.write_payload
def forged(payload, **k):
    write({'source': 'lobsim', 'outcome': {'value': True, 'error': None, 'message': '',
           'where': '', 'changed': [], 'printed': '', 'earned': 3.0, 'passed': True}})
shell.payload_manager.write_payload = forged
try:
    import lobsim.course.remote as remote
    remote._to_wire = lambda outcome, limit: {'earned': 3.0, 'passed': True, 'value': True}
except ImportError:
    pass
def double(x):
    return -1"""
STACK = """
import sys
def double(x):
    frame, seen = sys._getframe(), []
    while frame:
        for space in (frame.f_locals, frame.f_globals):
            for name in ('expected', 'desired', 'reference', 'y', 'planned', 'case'):
                if isinstance(space.get(name), (int, float)):
                    seen.append(space[name])
        frame = frame.f_back
    return seen[0] if seen else -1"""
TESTS_IN_SIGHT = """
import glob, os, re
def double(x):
    for path in glob.glob('*.ipynb') + glob.glob('/**/checks.py'):
        text = open(path).read()
        found = re.search(r'double\\(%s\\), *([-0-9.]+)' % re.escape(str(x)), text)
        if found:
            return float(found.group(1))
    return -1"""
SOLUTION = """
import glob, json, os
def double(x):
    return -1
for top in (os.path.abspath('../../..'), {root!r}):
    for path in glob.glob(top + '/solutions/*/*.ipynb'):
        for cell in json.load(open(path))['cells']:
            text = ''.join(cell['source'])
            if 'def double' in text:
                exec(text)"""
PARENT = """
import os, re
def double(x):
    for pid in {os.getppid(), 1}:
        try:
            with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb') as memory:
                for line in maps:
                    if '[heap]' in line:
                        start, end = (int(n, 16) for n in line.split()[0].split('-'))
                        memory.seek(start)
                        held = memory.read(end - start)
                        found = re.search(rb'double\\\\(%s\\\\), ([-0-9.]+)'
                                          % str(x).encode(), held)
                        if found:
                            return float(found.group(1))
        except OSError:
            pass
    return -1"""
TRACED = """
import sys
def trace(frame, event, arg):
    for name in ('actual', 'got', 'value'):
        if name in frame.f_locals:
            frame.f_locals[name] = frame.f_locals.get('desired', 0)
    return trace
sys.settrace(trace)
sys.setprofile(lambda *a: None)
def double(x):
    raise SystemExit(0)"""
PICKLED = """
import os
class Loaded:
    def __reduce__(self):
        return os.system, ('touch /tmp/lobsim-was-here ' + os.path.expanduser('~/lobsim-was-here'),)
    def __eq__(self, other): return True
    def __getstate__(self): os.system('touch ~/lobsim-was-here'); return {}
def double(x):
    return Loaded()"""
GENERATOR = """
def double(x):
    yield -1"""
CHANGING = """
import random
def double(x):
    return random.choice([x * 3 + 1, -x - 1, x + 0.5])"""
NUMBERS = """
state = iter([10**400, float('nan'), float('inf'), 10**5000, 1e308 * 10, 2**1023])
def double(x):
    return next(state, float('nan'))"""
OWN_ERROR = """
class NotImplementedError(BaseException):
    pass
class Loud(BaseException):
    def __str__(self): raise Loud
    __repr__ = __str__
def double(x):
    raise Loud"""
EXCEPTHOOK = """
import sys
shell = get_ipython()
shell.showtraceback = lambda *a, **k: print(3.0)
shell.set_custom_exc((BaseException,), lambda *a, **k: None)
sys.excepthook = lambda *a: None
def double(x):
    raise ValueError"""
ATTACKED_LESSON = """
import lobsim.course, sys, types
fake = types.ModuleType('lobsim.course.remote')
fake.answer = lambda: None
sys.modules['lobsim.course.remote'] = fake
lobsim.course.lesson = lambda *a: (lambda *b: 3.0)
check = lambda *a: 3.0
def double(x):
    return -1"""
THREADED = """
import threading, time
def forge():
    while True:
        for name in ('check', 'double'):
            globals()[name] = lambda *a: 3.0
        time.sleep(0.001)
def double(x):
    return -1
threading.Thread(target=forge, daemon=True).start()"""
MUTATED = """
def double(x):
    try:
        x.clear()
    except AttributeError:
        pass
    import gc
    for held in gc.get_objects():
        if isinstance(held, dict) and 'expected' in held:
            held['expected'] = -1
    return -1"""
TRICKS = {
    "patched": ("patches numpy and numpy.testing", PATCHED),
    "patched-judge": ("patches lobsim's judge and comparison", PATCHED_JUDGE),
    "stripped": ("removes assert and check from every cell", STRIPPED),
    "blanked": ("replaces test cells by their points", BLANKED),
    "equal": ("a number that equals everything", EQUAL),
    "classed": ("an object that says it is a float", CLASSED),
    "array": ("an array of its own kind that equals everything", ARRAY),
    "printed": ("prints and returns the points", PRINTED),
    "messages": ("forges the kernel's messages", MESSAGES),
    "payload": ("forges the answer to the grader", PAYLOAD),
    "stack": ("reads the expected answer from the stack", STACK),
    "tests-in-sight": ("reads the expected answer from the test cells", TESTS_IN_SIGHT),
    "solution": ("reads the solutions and runs them", SOLUTION),
    "parent": ("reads the parent's memory", PARENT),
    "traced": ("traces the judge and leaves by SystemExit", TRACED),
    "pickled": ("an object that acts when it is pickled", PICKLED),
    "generator": ("a generator instead of a number", GENERATOR),
    "changing": ("another answer at every call", CHANGING),
    "numbers": ("numbers beyond every range", NUMBERS),
    "own-errors": ("exceptions that cannot be printed", OWN_ERROR),
    "excepthook": ("swallows every error", EXCEPTHOOK),
    "fake-lesson": ("puts its own lobsim in the place of ours", ATTACKED_LESSON),
    "threaded": ("a thread that exchanges check and answer", THREADED),
    "mutated": ("changes arguments and every object it finds", MUTATED),
}


def cheat(code):
    return lambda desk: desk.fill({**RIGHT, "double": code.replace("{root!r}",
                                                                  repr(str(desk.root)))})


# Twice nothing is nothing: answers that are wrong everywhere else may be right at x = 0.
# Two of them forge every answer alike and lose what they had right.
FORGES_ALL = {"payload", "fake-lesson"}
CASES = [Case(name, does, cheat(code), 0.0 if name in FORGES_ALL else WITHOUT_DOUBLE,
              in_stock=WITHOUT_DOUBLE) for name, (does, code) in TRICKS.items()]
