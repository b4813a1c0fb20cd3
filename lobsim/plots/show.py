"""Showing figures in notebooks: PNG with alternative text, the same bytes on every run."""

import base64
import io
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
    Where no notebook is running, nothing is displayed. The text form of the output is
    the alternative text, never an object's address.
    """
    need_alt(alt)
    data = base64.b64encode(png_bytes(fig, dpi)).decode("ascii")
    plt.close(fig)
    display_bundle({"image/png": data, "text/plain": alt}, {"image/png": {"alt": alt}})


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
