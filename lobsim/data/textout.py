"""Columns of text to a file: shortest exact numbers, plain or packed, always the same bytes."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = [
    "number_texts",
    "whole_texts",
    "checked_texts",
    "join_columns",
    "write_text",
    "write_zip",
    "need",
]

ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that zip knows; a real date would change the bytes


def _number_text(value: float) -> str:
    if np.isnan(value):
        return ""
    text = repr(float(value))
    if "e" in text or "inf" in text:
        text = np.format_float_positional(value, unique=True, trim="-")
    return text.removesuffix(".0")


def number_texts(values, empty: str = "") -> list[str]:
    """Shortest decimal texts that read back as the same float64; NaN becomes `empty`.

    Examples
    --------
    >>> number_texts([45.88, 45.0, 1e-05, float("nan")], empty="0")
    ['45.88', '45', '0.00001', '0']
    """
    codes, distinct = pd.factorize(np.asarray(values, dtype=np.float64), use_na_sentinel=False)
    texts = np.array([_number_text(value) or empty for value in distinct], dtype=object)
    return texts[codes].tolist() if len(texts) else []


def whole_texts(values) -> list[str]:
    """Decimal texts of whole numbers."""
    return [str(value) for value in np.asarray(values).tolist()]


def checked_texts(values: pd.Series, name: str, separator: str) -> list[str]:
    """Texts that may stand in a file: printable ASCII without separator and quotation mark.

    Raises
    ------
    ValueError
        Names the column and the text.
    """
    texts = values.astype(str)
    for text in pd.unique(texts):
        if not (text.isascii() and text.isprintable()) or separator in text or '"' in text:
            raise ValueError(
                f"{name} is {text!r}; allowed is printable ASCII text without {separator!r}"
            )
    return texts.tolist()


def join_columns(columns: Sequence[Sequence[str]], separator: str) -> str:
    """Rows of text from columns of text, joined by line feeds (none at the end)."""
    return "\n".join(map(separator.join, zip(*columns, strict=True)))


def write_text(path: Path, text: str) -> Path:
    """Write text; gzip with fixed time stamp when the name ends in ``.gz``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("ascii")
    if path.suffix == ".gz":
        buffer = io.BytesIO()
        options = {"filename": "", "mode": "wb", "mtime": 0, "compresslevel": 6}
        with gzip.GzipFile(fileobj=buffer, **options) as packed:
            packed.write(data)
        data = buffer.getvalue()
    path.write_bytes(data)
    return path


def write_zip(path: Path, member: str, text: str) -> Path:
    """Write a zip of one file with fixed time stamp."""
    path.parent.mkdir(parents=True, exist_ok=True)
    info = zipfile.ZipInfo(member, ZIP_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, text.encode("ascii"))
    return path


def need(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise ValueError when a table to be written lacks columns or rows."""
    missing = [name for name in columns if name not in table]
    if missing:
        raise ValueError(f"{what} needs the columns {', '.join(missing)}; it has {list(table)}")
    if not len(table):
        raise ValueError(f"{what} has no rows; there is nothing to write")
