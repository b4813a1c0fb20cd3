"""Order sizes as the short tables that parts of a market hold."""

import numpy as np

COMMON = 0.04
"""Sizes with at least this share of the orders keep an entry of their own."""

GROUPS = 4
"""Groups of equal weight that the other sizes are put into."""


def size_table(sizes, lot_size: float = 1.0) -> tuple[tuple[float, float], ...]:
    """Sizes and their probabilities, in ascending order.

    Parameters
    ----------
    sizes : array_like of int, shape (n,)
        Lots.
    lot_size : float
        Shares (or coins) per lot; the table is in shares.

    Returns
    -------
    tuple of (size, probability)
        Common sizes as they are; the rest in groups, each at its mean, rounded to a lot.

    Examples
    --------
    >>> size_table([1, 1, 1, 2], lot_size=100)
    ((100.0, 0.75), (200.0, 0.25))
    """
    sizes = np.asarray(sizes, np.int64)
    if len(sizes) == 0:
        return ((float(lot_size), 1.0),)
    values, counts = np.unique(sizes, return_counts=True)
    common = counts >= COMMON * len(sizes)
    table = dict(zip(values[common].tolist(), counts[common].tolist(), strict=True))
    rest = np.sort(sizes[~np.isin(sizes, values[common])])
    for group in np.array_split(rest, min(GROUPS, len(rest))) if len(rest) else ():
        mean = max(1, round(float(group.mean())))
        table[mean] = table.get(mean, 0) + len(group)
    return tuple((float(lots * lot_size), table[lots] / len(sizes)) for lots in sorted(table))
