"""Compilation: the cache follows the sources, fails softly, and speaks only when it compiles."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from numba import config

from lobsim.engine import bits, inner, jit
from lobsim.engine.bits import new_bitmap

SMALL_SUITE = ("twin", "laws", "rejects", "border", "hostile")
TOY = {
    "__init__.py": "",
    "engine/__init__.py": "",
    "engine/jit.py": Path(jit.__file__).read_text(encoding="utf-8"),
    "engine/inner.py": Path(inner.__file__).read_text(encoding="utf-8"),
    "engine/low.py": """\
        from .jit import njit

        @njit(borrows=True)
        def low(x):
            return x + 1
        """,
    "engine/high.py": """\
        from .jit import njit
        from .low import low

        @njit
        def high(x):
            return 10 * low(x)
        """,
}


@pytest.fixture
def toy(tmp_path):
    """A package called lobsim with two kernels, one calling the other; returns a runner."""
    package = tmp_path / "site" / "lobsim"
    for name, source in TOY.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), encoding="utf-8")

    def run(code="from lobsim.engine.high import high; print(high(1))", **variables):
        inherited = ("NUMBA_", "LOBSIM_", "PYTHON", "XDG_CACHE")
        env = {k: v for k, v in os.environ.items() if not k.startswith(inherited)}
        env |= {"PYTHONPATH": str(tmp_path / "site"), "PYTHONDONTWRITEBYTECODE": "1"}
        env |= {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), **variables}
        env = {name: value for name, value in env.items() if value}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip(), done.stderr.strip()

    run.package, run.cache = package, tmp_path / "cache"
    return run


def test_a_change_in_a_callee_reaches_its_caller_through_the_cache(toy):
    assert toy()[0] == "20"
    low = toy.package / "engine" / "low.py"
    low.write_text(low.read_text().replace("x + 1", "x + 2"))
    assert toy()[0] == "30"
    low.write_text(low.read_text().replace("x + 2", "x + 1"))
    assert toy() == ("20", "")


def test_it_speaks_once_when_it_compiles_and_is_silent_when_warm(toy):
    _, told = toy()
    assert re.fullmatch(
        r"lobsim: compiling the matching engine, once per version, about \d+ s of one core \.\.\.",
        told,
    )
    assert toy()[1] == ""


def test_it_can_be_silenced(toy):
    assert toy(LOBSIM_QUIET="1") == ("20", "")


def test_warm_up_says_how_long_compiling_took_and_nothing_when_warm(toy):
    code = textwrap.dedent("""\
        from lobsim.engine.high import high
        from lobsim.engine.jit import register_warm_up, warm_up
        register_warm_up("toy", lambda: high(1))
        print(0 < warm_up() < 60)
        """)
    out, told = toy(code)
    assert out == "True"
    last = told.splitlines()[-1]
    assert re.fullmatch(r"lobsim: toy compiled in [\d.]+ s \(cached for the next start\)", last)
    assert toy(code) == ("True", "")


def test_without_a_writable_cache_it_still_runs(toy):
    toy.cache.write_text("a file where the folder should be")
    assert toy()[0] == "20"


def test_without_a_home_it_still_runs(toy, tmp_path):
    (tmp_path / "home").write_text("")
    assert toy(NUMBA_CACHE_DIR="", HOME=str(tmp_path / "home" / "none"))[0] == "20"


def test_a_read_only_cache_folder_still_runs(toy):
    toy.cache.mkdir()
    toy.cache.chmod(0o500)
    try:
        assert toy()[0] == "20"
    finally:
        toy.cache.chmod(0o700)


def test_the_users_cache_folder_is_used_by_default(toy, tmp_path):
    home = {"XDG_CACHE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    assert toy(NUMBA_CACHE_DIR="", **home)[0] == "20"
    if sys.platform.startswith("linux"):
        assert len(list((tmp_path / "xdg" / "lobsim" / "numba").glob("lobsim-engine-*"))) == 1


def test_nothing_is_compiled_when_numba_is_told_not_to(toy):
    code = "from lobsim.engine.high import high; print(type(high).__name__, high(1))"
    assert toy(code, NUMBA_DISABLE_JIT="1") == ("function 20", "")
    assert not toy.cache.exists()


def test_old_caches_are_pruned_but_the_newest_and_those_in_use(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    ages = {"used": 60, **{f"old{n}": jit.PRUNE_AGE_S + 100 * n for n in range(1, 6)}}
    for name, age_s in ages.items():
        for floor in ("engine", "all"):
            folder = tmp_path / f"lobsim-{floor}-{name}"
            folder.mkdir()
            (folder / "kernel.nbi").write_text("")
            os.utime(folder, (time.time() - age_s,) * 2)
    fresh = jit.cache_folder.__wrapped__("engine")  # past the memory of this process
    left = {path.name.rpartition("-")[2] for path in tmp_path.glob("lobsim-engine-*")}
    assert left == {fresh.name.rpartition("-")[2], "used", "old1", "old2"}
    assert len(list(tmp_path.glob("lobsim-all-*"))) == len(ages)


def test_the_hash_follows_content_and_names_of_the_sources(tmp_path):
    package = tmp_path / "lobsim"
    shutil.copytree(jit.PACKAGE / "engine", package / "engine")
    (package / "market").mkdir()
    (package / "course").mkdir()
    (package / "market" / "flow.py").write_text("RATE = 1\n")
    (package / "course" / "check.py").write_text("")
    engine, every = jit.source_hash("engine", package), jit.source_hash("market", package)
    assert engine != every

    (package / "course" / "check.py").write_text("changed = True\n")
    assert jit.source_hash("market", package) == every
    (package / "market" / "flow.py").write_text("RATE = 2\n")
    assert jit.source_hash("engine", package) == engine
    changed = jit.source_hash("market", package)
    assert changed != every
    codes = package / "engine" / "codes.py"
    codes.write_text(codes.read_text().replace("FOK = 4", "FOK = 40"))
    assert jit.source_hash("engine", package) != engine
    assert jit.source_hash("market", package) != changed
    engine = jit.source_hash("engine", package)
    codes.rename(package / "engine" / "codes2.py")
    assert jit.source_hash("engine", package) != engine


def test_import_of_lobsim_is_light():
    code = textwrap.dedent("""\
        import sys, lobsim
        heavy = ("torch", "jupyter_core", "nbformat", "ray", "matplotlib", "pandas")
        print([name for name in heavy if name in sys.modules])
        import lobsim.engine
        print([name for name in heavy if name in sys.modules])
        """)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


def test_the_same_suite_passes_without_the_jit():
    here = Path(__file__).parent
    files = [str(here / f"test_engine_{name}.py") for name in SMALL_SUITE]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files],
        env=env | {"NUMBA_DISABLE_JIT": "1"}, cwd=here.parents[1], capture_output=True, text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off, so every kernel is Python")
def test_an_inner_kernel_refuses_python_and_serves_kernels():
    words, summary = new_bitmap(100)

    @jit.njit(borrows=True)
    def outer(words, summary, level):
        bits.mark(words, summary, level)
        return bits.next_above(words, summary, 0)

    for _ in range(2):  # before it is compiled, and with an overload of these very types
        with pytest.raises(TypeError, match=r"mark\(\) is an inner kernel; only compiled code"):
            bits.mark(words, summary, 40)
        assert outer(words, summary, 40) == 40


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off, so every kernel is Python")
def test_an_inner_kernel_has_no_machine_code_of_its_own_and_serves_kernels_from_the_cache(toy):
    """Three processes: one compiles, one finds everything, one finds the inner kernel only."""
    high = toy.package / "engine" / "high.py"
    high.write_text(high.read_text().replace("def high(x):", "def high(x):\n    x = low(x) - 1"))
    low = toy.package / "engine" / "low.py"
    low.write_text(low.read_text().replace("borrows=True", "borrows=True, inner=True"))
    code = textwrap.dedent("""\
        from lobsim.engine.high import high
        from lobsim.engine.low import low
        print(high(1), sum(low.stats.cache_hits.values()), sum(high.stats.cache_hits.values()))
        """)
    look = code + textwrap.dedent("""\
        (made,) = low.overloads.values()
        machine_code = made.library.serialize_using_object_code()[2][0]
        print(made.fndesc.llvm_func_name.encode() in machine_code)
        """)
    assert toy(look)[0].split() == ["20", "0", "0", "False"]
    assert toy(code)[0].split() == ["20", "0", "1"]
    for path in toy.cache.rglob("high.high-*"):
        path.unlink()
    assert toy(code)[0].split() == ["20", "1", "0"]
