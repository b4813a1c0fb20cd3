"""The one exception of all readers: a sentence that names file, row and value."""

from os import PathLike

__all__ = ["DataError"]


class DataError(ValueError):
    """A file is not what its reader needs.

    Parameters
    ----------
    path : str or path
        The file as the caller named it; a zip member is added as ``file.zip/member.csv``.
    problem : str
        What was found and what is allowed, without a final full stop.
    row : int, optional
        Line in the (unpacked) file, counted from 1, a header line included.

    Attributes
    ----------
    path, row, problem
        The same, for programs.

    Examples
    --------
    >>> str(DataError("day.csv", "price is 'abc'; allowed is a number of at least 0", row=7))
    "day.csv, row 7: price is 'abc'; allowed is a number of at least 0."
    """

    def __init__(self, path: str | PathLike, problem: str, row: int | None = None):
        self.path = str(path)
        self.problem = problem.rstrip(".")
        self.row = None if row is None else int(row)
        place = self.path if row is None else f"{self.path}, row {self.row}"
        super().__init__(f"{place}: {self.problem}.")

    def __reduce__(self):
        return type(self), (self.path, self.problem, self.row)
