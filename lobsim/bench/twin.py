"""The plain C++ loop (`twin.cpp`): compiled when it is wanted, run side by side with ours."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from lobsim.engine.records import FILL

from .stream import BAND_TICKS

__all__ = [
    "FLAGS",
    "VARIANTS",
    "Twin",
    "TwinError",
    "compile_twin",
    "compiler_version",
    "find_compiler",
]

SOURCE = Path(__file__).with_name("twin.cpp")
FLAGS = ("-std=c++17", "-O3")
VARIANTS = {"plain C++ loop": (), "C++, sides computed": ("-DSIDES_COMPUTED",)}  # see the source
COMPILE_S = 120  # a compiler that takes longer hangs


class TwinError(RuntimeError):
    """The C++ loop could not be compiled or did not run."""


def find_compiler() -> str | None:
    """Path of a C++ compiler: ``$CXX``, else c++, g++ or clang++ on the path, else None."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        path = shutil.which(name) if name else None
        if path:
            return path
    return None


def compiler_version(compiler: str) -> str:
    """First line of what a compiler says about itself."""
    try:
        told = subprocess.run(
            [compiler, "--version"], capture_output=True, text=True, timeout=COMPILE_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise TwinError(f"the compiler {compiler} does not run: {error}") from None
    return told.stdout.partition("\n")[0].strip()


def compile_twin(
    compiler: str,
    folder: Path,
    flags: tuple[str, ...] = FLAGS,
    source: Path = SOURCE,
    what: str = "loop",
) -> Path:
    """Compile a C++ source (by default the loop) into a new file of `folder`; returns the program.

    Raises
    ------
    TwinError
        With the compiler's first complaint.
    """
    program = folder / f"twin{len(list(folder.iterdir()))}"
    try:
        done = subprocess.run(
            [compiler, *flags, "-o", str(program), str(source)],
            capture_output=True, text=True, timeout=COMPILE_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise TwinError(f"the compiler {compiler} does not run: {error}") from None
    if done.returncode != 0:
        said = done.stderr.strip().partition("\n")[0]
        raise TwinError(f"{compiler} did not compile the C++ {what}: {said}")
    return program


class Twin:
    """A running C++ loop that has read the messages and waits for each word to start.

    Parameters
    ----------
    program : Path
        From `compile_twin`.
    messages : ndarray of dtype `MESSAGE`
        All prices inside `BAND_TICKS`.

    Use it in a ``with`` statement: the process and its files go at the end.
    """

    def __init__(self, program: Path, messages: np.ndarray):
        self._folder = tempfile.TemporaryDirectory(prefix="lobsim-bench-")
        folder = Path(self._folder.name)
        self._fill_file = folder / "fills"
        messages.tofile(folder / "messages")
        highest_id = int(messages["order_id"].max(initial=1))
        most_orders = max(len(messages), 1)
        self._process = subprocess.Popen(
            [program, folder / "messages", self._fill_file, *map(str, BAND_TICKS),
             str(highest_id), str(most_orders)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.n_fills = self.n_rejects = 0

    def __enter__(self) -> "Twin":
        return self

    def __exit__(self, *_) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def run(self) -> float:
        """Apply all messages to an empty book; returns seconds, taken inside the program."""
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            words = self._process.stdout.readline().split()
        except OSError:
            words = []
        if len(words) != 3:
            said = self._process.communicate()[1].strip().splitlines() or ["it said nothing"]
            raise TwinError(f"the C++ loop stopped: {said[-1]}")
        elapsed_ns, self.n_fills, self.n_rejects = map(int, words)
        return elapsed_ns / 1e9

    def fills(self) -> np.ndarray:
        """Fills of the last run, dtype `FILL`; ends the process."""
        _, said = self._process.communicate()
        if self._process.returncode != 0:
            raise TwinError(f"the C++ loop wrote no fills: {said.strip()}")
        return np.fromfile(self._fill_file, FILL)
