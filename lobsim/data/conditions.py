"""Sale and quote conditions: the four TAQ categories, and LEAN's bit flags in both directions."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = [
    "CATEGORY",
    "LEAN_SALE_FLAGS",
    "LEAN_QUOTE_FLAGS",
    "four_letters",
    "normalise_conditions",
    "flags_to_conditions",
    "conditions_to_flags",
    "quote_flags_to_conditions",
]

# Place (0 to 3) of each letter in the four-character TAQ sale condition: settlement,
# trade-through exemption, extended hours or sequence, detail of the exchange.
CATEGORY: dict[str, int] = (
    dict.fromkeys("@CNR", 0)
    | dict.fromkeys("FO456789", 1)
    | dict.fromkeys("TLZU", 2)
    | dict.fromkeys("IBEHKMPQVWX1ADGSY", 3)
)

# Bit -> TAQ letter ("" = none), from the names of LEAN's TradeConditionFlags.
LEAN_SALE_FLAGS: tuple[tuple[int, str, str], ...] = (
    (0x1, "@", "regular"),
    (0x2, "C", "cash"),
    (0x4, "N", "next day"),
    (0x8, "R", "seller"),
    (0x10, "Y", "yellow flag"),
    (0x20, "F", "intermarket sweep"),
    (0x40, "O", "opening"),
    (0x80, "6", "closing"),
    (0x100, "5", "reopening"),
    (0x200, "4", "derivatively priced"),
    (0x400, "T", "form T"),
    (0x800, "L", "sold last"),
    (0x1000, "1", "stopped"),
    (0x2000, "T", "extended hours"),
    (0x4000, "Z", "out of sequence"),
    (0x8000, "S", "split"),
    (0x10000, "A", "acquisition"),
    (0x20000, "B", "bunched"),
    (0x40000, "V", "stock option"),
    (0x80000, "D", "distribution"),
    (0x100000, "W", "average price"),
    (0x200000, "X", "cross"),
    (0x400000, "H", "price variation"),
    (0x800000, "K", "rule 155"),
    (0x1000000, "M", "official close"),
    (0x2000000, "P", "prior reference price"),
    (0x4000000, "Q", "official open"),
    (0x8000000, "", "CAP election"),
    (0x10000000, "E", "automatic execution"),
    (0x20000000, "", "trade-through exempt"),
    (0x40000000, "", "undocumented"),
    (0x80000000, "I", "odd lot"),
)

LEAN_QUOTE_FLAGS: tuple[tuple[int, str, str], ...] = (
    (0x8, "C", "closing quote"),
    (0x400, "N", "non-firm quote"),
    (0x800, "O", "opening quote"),
    (0x2, "A", "slow quote"),
    (0x1, "R", "regular"),
)

# When several letters share a category the one that says most against a regular trade stays.
_FIRST = "CNR@" + "O65479F8" + "UZLT" + "WBMQPVHK1ADGIXSEY"


def four_letters(text: str) -> str | None:
    """Put the letters of a sale condition in their places.

    Parameters
    ----------
    text : str
        Condition with blanks kept, trimmed or squeezed out: ``"F I"``, ``"@F I"``, ``" 4 B"``.

    Returns
    -------
    str or None
        Four characters; None when a letter is unknown or two share a place.

    Examples
    --------
    >>> four_letters("F I"), four_letters("@TI"), four_letters("")
    (' F I', '@ TI', '    ')
    """
    places = [" "] * 4
    for letter in text:
        if letter == " ":
            continue
        place = CATEGORY.get(letter)
        if place is None or places[place] != " ":
            return None
        places[place] = letter
    return "".join(places)


def normalise_conditions(condition: pd.Series) -> tuple[pd.Series, int]:
    """Bring a column of sale conditions to four characters each.

    Returns
    -------
    Series of str
        A condition that :func:`four_letters` cannot place is kept, padded to four characters.
    int
        Rows with such a condition.
    """
    codes, texts = pd.factorize(condition)
    placed = [four_letters(text) for text in texts]
    strange = np.array([new is None for new in placed], dtype=bool)
    final = [new if new is not None else f"{old:<4}" for new, old in zip(placed, texts)]
    return _take(final, codes), int(strange[codes].sum()) if len(texts) else 0


def _take(texts: list[str], codes: np.ndarray) -> pd.Series:
    return pd.Series(np.array(texts, dtype=object), dtype=str).take(codes).reset_index(drop=True)


def _letters(flags: int) -> str:
    letters = {letter for bit, letter, _ in LEAN_SALE_FLAGS if flags & bit and letter}
    if flags & 0x4000 and flags & 0x2400:
        letters = letters - {"T", "Z"} | {"U"}  # extended hours, out of sequence
    places = [" "] * 4
    for letter in _FIRST:
        if letter in letters and places[CATEGORY[letter]] == " ":
            places[CATEGORY[letter]] = letter
    return "".join(places)


def flags_to_conditions(flags: np.ndarray) -> pd.Series:
    """TAQ letters that say the same as LEAN's sale-condition flags.

    Parameters
    ----------
    flags : ndarray of int64
        Bit masks as in a LEAN file.

    Returns
    -------
    Series of str
        Four characters each. Trade-through exemption has no letter of its own. Where flags of
        one category meet, the one that speaks more against a regular trade is shown.

    Examples
    --------
    >>> flags_to_conditions(np.array([0x1, 0x20000020, 0x2000])).tolist()
    ['@   ', ' F  ', '  T ']
    """
    codes, masks = pd.factorize(np.asarray(flags))
    return _take([_letters(int(mask)) for mask in masks], codes)


def conditions_to_flags(condition: pd.Series) -> np.ndarray:
    """LEAN flags that say the same as TAQ letters; a blank condition is a regular trade.

    Letters without a flag (``G 7 8 9``) become "bunched", "stock option" and nothing.
    """
    bits = {}
    for bit, letter, _ in LEAN_SALE_FLAGS:
        bits.setdefault(letter, bit)
    bits |= {"T": 0x2000, "U": 0x6000, "G": 0x20800, "7": 0x40000, "8": 0, "9": 0x1000000}
    codes, texts = pd.factorize(condition)
    masks = []
    for text in texts:
        mask = 0
        for letter in set(text) - {" "}:
            mask |= bits.get(letter, 0x40000000)
        if "F" in text or "4" in text or "7" in text:
            mask |= 0x20000000
        masks.append(mask or 1)
    return np.array(masks, dtype=np.int64)[codes] if masks else np.zeros(0, dtype=np.int64)


def quote_flags_to_conditions(flags: np.ndarray) -> pd.Series:
    """TAQ quote condition of LEAN's quote flags; blank where no letter fits."""
    codes, masks = pd.factorize(np.asarray(flags))
    texts = []
    for mask in masks:
        letters = [letter for bit, letter, _ in LEAN_QUOTE_FLAGS if int(mask) & bit]
        texts.append(letters[0] if letters else " ")
    return _take(texts, codes)
