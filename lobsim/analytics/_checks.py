"""Checks of arguments shared by the analytics: sides, tables, arrays and units."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

NS_PER_S = 1_000_000_000

_SIDES = {"buy": 1, "b": 1, "sell": -1, "s": -1}


def side_sign(side) -> int:
    """Return +1 for a buy and -1 for a sell.

    Parameters
    ----------
    side : str, int or lobsim.engine.Side
        ``"buy"``, ``"sell"``, ``+1``, ``-1`` or a member of ``Side``.

    Returns
    -------
    int
        +1 or -1.

    Examples
    --------
    >>> side_sign("sell"), side_sign(1)
    (-1, 1)
    """
    if isinstance(side, str):
        sign = _SIDES.get(side.strip().lower())
    else:
        sign = int(side) if side in (1, -1) else None
    if sign is None:
        raise ValueError(f"side is {side!r}; allowed are 'buy', 'sell', +1 and -1")
    return sign


def need_columns(table: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise a ValueError that names the columns that ``table`` lacks."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{what} is a {type(table).__name__}; a pandas DataFrame is needed")
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(
            f"{what} has no column {', '.join(missing)}; "
            f"it has {', '.join(map(str, table.columns))}"
        )


def need_one_symbol(table: pd.DataFrame, what: str) -> None:
    """Raise a ValueError when ``table`` mixes several symbols."""
    if "symbol" in table.columns and table["symbol"].nunique() > 1:
        names = ", ".join(sorted(map(str, table["symbol"].unique()))[:5])
        raise ValueError(
            f"{what} holds several symbols ({names}); choose one, "
            f'for example {what}[{what}["symbol"] == "{names.split(", ")[0]}"]'
        )


def need_sorted(time_ns: np.ndarray, what: str) -> None:
    """Raise a ValueError naming the first row at which time runs backwards."""
    steps_back = np.flatnonzero(np.diff(time_ns) < 0)
    if steps_back.size:
        row = int(steps_back[0]) + 1
        raise ValueError(
            f"{what} is not sorted by time_ns: row {row} is earlier than row {row - 1}; "
            "sort it first"
        )


def float_array(values, name: str) -> np.ndarray:
    """Return ``values`` as a one-dimensional float64 array, or raise a ValueError naming it."""
    try:
        array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, not {values!r}") from None
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions; one is needed")
    return array


def same_length(**arrays: np.ndarray) -> None:
    """Raise a ValueError when the named arrays differ in length."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"the arrays must have the same length, not {told}")


def one_of(value, allowed: tuple, name: str) -> None:
    """Raise a ValueError when ``value`` is not in ``allowed``."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; allowed are {', '.join(map(repr, allowed))}")
