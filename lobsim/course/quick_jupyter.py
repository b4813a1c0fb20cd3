"""Import nbformat, nbgrader and nbconvert without paying two seconds for a grammar nobody uses."""

import sys


def quick_jupyter() -> None:
    """Call before the first import of nbformat or anything that needs it.

    ``jsonschema`` offers a check of international web addresses through a package that compiles
    a grammar when it is imported. Notebooks hold no such address, and ``jsonschema`` does without
    the package when it is missing, so we say that it is missing. Loaded already, it stays.
    """
    sys.modules.setdefault("rfc3987_syntax", None)
