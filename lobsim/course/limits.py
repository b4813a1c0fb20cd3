"""What one submission may use: time, memory, processes, disk, output. All limits in one place."""

from dataclasses import dataclass, replace

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Limits for the run of one notebook. Times in seconds of wall clock, sizes in bytes.

    Parameters
    ----------
    cell_s : one cell of the notebook.
    notebook_s : all cells of the notebook together, restarts of the kernel included.
    call_s : one call of a learner's function by a check.
    checks_s : all hidden cases of the notebook together (not part of `notebook_s`).
    start_s : start of the kernel.
    grace_s : from the polite interrupt to the end of the process.
    memory_bytes : address space of one process (Numba and PyTorch reserve far more than they use).
    group_memory_bytes : memory held by all processes and scratch folders together.
    processes : processes and threads alive at one time.
    cpu_s : processor time of one process.
    file_bytes, scratch_bytes : one file; each of the three scratch folders (all in memory).
    open_files : open files of one process.
    text_bytes, rich_bytes : printed text and other output (figures, tables) kept of one cell.
    notebook_bytes : all output kept of one notebook.
    wire_bytes : one message from the kernel. A longer one cuts the connection.
    restarts : how often a killed kernel is started again to save the other exercises.
    """

    cell_s: float = 120.0
    notebook_s: float = 480.0
    call_s: float = 20.0
    checks_s: float = 240.0
    start_s: float = 60.0
    grace_s: float = 3.0
    memory_bytes: int = 4 * 1024**3
    group_memory_bytes: int = 6 * 1024**3
    processes: int = 96
    cpu_s: int = 1200
    file_bytes: int = 256 * MEGABYTE
    scratch_bytes: int = 384 * MEGABYTE
    open_files: int = 1024
    text_bytes: int = 60_000
    rich_bytes: int = 3 * MEGABYTE
    notebook_bytes: int = 12 * MEGABYTE
    wire_bytes: int = 16 * MEGABYTE
    restarts: int = 3

    def but(self, **changes) -> "Limits":
        """The same limits with some of them changed.

        >>> Limits().but(cell_s=5.0).cell_s
        5.0
        """
        return replace(self, **changes)

    def rlimits(self, *, count_processes: bool, already: int = 0) -> dict[str, int]:
        """The limits that the operating system keeps, by their names in module `resource`.

        `count_processes` only where the process has a user id of its own (or `already` other
        processes of that user are added), because the system counts per user.
        """
        found = {
            "RLIMIT_AS": self.memory_bytes,
            "RLIMIT_FSIZE": self.file_bytes,
            "RLIMIT_NOFILE": self.open_files,
            "RLIMIT_CPU": self.cpu_s,
            "RLIMIT_CORE": 0,
        }
        if count_processes:
            found["RLIMIT_NPROC"] = self.processes + already
        return found
