"""Running a few cells as a program does, without a page."""

from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook


def executed(*sources):
    """A notebook of these code cells after it was run."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook
