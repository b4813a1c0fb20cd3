"""Showing figures in notebooks: PNG with alternative text, the same bytes on every run."""

import base64
import html
import io
import os
import sys

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lobsim.plots.style import STYLE


def png_bytes(fig: Figure, dpi: float | None = None) -> bytes:
    """Figure as PNG bytes without date or version, so that equal figures are equal files.

    Parameters
    ----------
    fig : Figure
    dpi : float, optional
        Dots per inch; default that of the course's style.
    """
    stream = io.BytesIO()
    with plt.rc_context(STYLE):
        fig.savefig(
            stream, format="png", dpi=dpi or STYLE["savefig.dpi"], metadata={"Software": None}
        )
    return stream.getvalue()


def show(fig: Figure, *, alt: str, dpi: float | None = None) -> None:
    """Display a figure with alternative text and close it.

    Parameters
    ----------
    fig : Figure
        Closed afterwards, so that no notebook shows it twice.
    alt : str
        What a reader who cannot see the figure must know: kind of figure, axes, finding. At
        least a few words.
    dpi : float, optional
        Dots per inch.

    Notes
    -----
    Executed without a page (nbconvert, tests, grading), the output is a PNG whose metadata
    hold the alternative text. JupyterLab ignores that text in PNG outputs, so on a page the output
    is an HTML image with the same picture. The text form of the output is the alternative text,
    never an object's address. Where no notebook is running, nothing is displayed.
    """
    need_alt(alt)
    data = png_bytes(fig, dpi)
    plt.close(fig)
    if on_a_page():
        display_bundle({"text/html": image_html(data, alt), "text/plain": alt})
    else:
        encoded = base64.b64encode(data).decode("ascii")
        display_bundle({"image/png": encoded, "text/plain": alt}, {"image/png": {"alt": alt}})


def image_html(data: bytes, alt: str) -> str:
    """PNG bytes as an HTML image with alternative text."""
    encoded = base64.b64encode(data).decode("ascii")
    return f'<img alt="{html.escape(alt, quote=True)}" src="data:image/png;base64,{encoded}">'


def on_a_page() -> bool:
    """Whether the running cell was started from a notebook page and not by a program.

    JupyterLab and Notebook send the id of the cell with each run, programs that execute
    notebooks do not. ``LOBSIM_WIDGETS=1`` or ``=0`` in the environment decides otherwise.
    """
    told = os.environ.get("LOBSIM_WIDGETS")
    if told is not None:
        return told == "1"
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    if "google.colab" in sys.modules or "VSCODE_PID" in os.environ:
        return True
    parent = kernel.get_parent() or {}
    return "cellId" in parent.get("metadata", {})


def need_alt(alt: str) -> None:
    """Raise a ValueError when the alternative text says nothing."""
    if not isinstance(alt, str) or len(alt.split()) < 3:
        raise ValueError(f"alt is {alt!r}; say in words what the figure shows")


def display_bundle(data: dict, metadata: dict | None = None) -> None:
    """Publish ready-made output when an IPython shell is running; else do nothing."""
    shell = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        return
    from IPython.display import display

    display(data, metadata=metadata or {}, raw=True)
