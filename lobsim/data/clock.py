"""Times of data files to and from integer nanoseconds since local midnight, in whole arrays."""

from __future__ import annotations

import numpy as np

__all__ = [
    "NS_PER_S",
    "NS_PER_DAY",
    "parse_digits",
    "parse_compact_time",
    "parse_clock_time",
    "parse_utc_time",
    "format_compact_time",
    "format_clock_time",
    "format_decimal",
    "date_text",
]

NS_PER_S = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_S
_ZERO = ord("0")
_NO_TIME = b"18446744073709551615"  # 2**64 - 1


def parse_digits(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read fixed-width decimal digits.

    Parameters
    ----------
    text : ndarray of uint8, shape (n, width)
        ASCII codes, width at most 18.

    Returns
    -------
    value : ndarray of int64, shape (n,)
    good : ndarray of bool, shape (n,)
        False where a character is not a digit (the value is then meaningless).
    """
    value = np.zeros(len(text), dtype=np.int64)
    good = np.ones(len(text), dtype=bool)
    for column in range(text.shape[1]):
        digit = text[:, column].astype(np.int64) - _ZERO
        good &= (digit >= 0) & (digit <= 9)
        value = value * 10 + digit
    return value, good


def _clock(hour, minute, second, good) -> tuple[np.ndarray, np.ndarray]:
    good = good & (hour < 24) & (minute < 60) & (second < 60)
    return ((hour * 60 + minute) * 60 + second) * NS_PER_S, good


def parse_compact_time(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read ``HHMMSS`` followed by 0 to 9 digits of the second's fraction (TAQ).

    Parameters
    ----------
    text : ndarray of uint8, shape (n, width)
        ASCII codes, width 6 to 15.

    Returns
    -------
    time_ns : ndarray of int64
        Nanoseconds since midnight.
    good : ndarray of bool
        False where the text is not a time of day.

    Examples
    --------
    >>> row = np.frombuffer(b"093000417837000", dtype=np.uint8)[None, :]
    >>> int(parse_compact_time(row)[0][0])
    34200417837000
    """
    value, good = parse_digits(text)
    decimals = text.shape[1] - 6
    whole, fraction = np.divmod(value, 10**decimals)
    time, good = _clock(whole // 10_000, whole // 100 % 100, whole % 100, good)
    return time + fraction * 10 ** (9 - decimals), good


def parse_clock_time(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read ``H:MM:SS`` or ``HH:MM:SS``, with 0 to 9 decimals (WRDS).

    Parameters
    ----------
    text : ndarray of uint8, shape (n, width)
        ASCII codes of texts of one width; both hour styles may be mixed.

    Returns
    -------
    time_ns : ndarray of int64
    good : ndarray of bool
        As in :func:`parse_compact_time`.
    """
    count, width = text.shape
    time = np.zeros(count, dtype=np.int64)
    good = np.zeros(count, dtype=bool)
    if width < 7:
        return time, good
    short = text[:, 1] == ord(":")
    for rows, hours in ((short, 1), (~short, 2)):
        if rows.any():
            time[rows], good[rows] = _one_clock_style(text[rows], hours)
    return time, good


def _one_clock_style(text: np.ndarray, hours: int) -> tuple[np.ndarray, np.ndarray]:
    width = text.shape[1]
    decimals = width - hours - 7  # behind "H:MM:SS."
    if width < hours + 6 or decimals > 9 or decimals == 0:
        return np.zeros(len(text), dtype=np.int64), np.zeros(len(text), dtype=bool)
    hour, good = parse_digits(text[:, :hours])
    minute, ok = parse_digits(text[:, hours + 1 : hours + 3])
    second, fine = parse_digits(text[:, hours + 4 : hours + 6])
    good = good & ok & fine & (text[:, hours] == ord(":")) & (text[:, hours + 3] == ord(":"))
    time, good = _clock(hour, minute, second, good)
    if decimals > 0:
        fraction, ok = parse_digits(text[:, hours + 7 :])
        good = good & ok & (text[:, hours + 6] == ord("."))
        time = time + fraction * 10 ** (9 - decimals)
    return time, good


def parse_utc_time(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read ISO 8601 times in UTC, or whole nanoseconds since 1970 (Databento).

    Parameters
    ----------
    text : ndarray of uint8, shape (n, width)
        ASCII codes: ``2024-07-01T23:58:01.218485389Z`` with 0 to 9 decimals, also with a blank for
        the T or ``+00:00`` for the Z; or 1 to 20 digits, of which 2**64 - 1 means "no time".

    Returns
    -------
    time_ns : ndarray of int64
        Nanoseconds since 1970; -1 for no time.
    good : ndarray of bool
        As in :func:`parse_compact_time`.

    Examples
    --------
    >>> row = np.frombuffer(b"1970-01-02T00:00:01.5Z", dtype=np.uint8)[None, :]
    >>> int(parse_utc_time(row)[0][0])
    86401500000000
    """
    count, width = text.shape
    if width == len(_NO_TIME):
        none = (text == np.frombuffer(_NO_TIME, np.uint8)).all(axis=1)
        if none.any():
            time, good = parse_utc_time(text[~none])
            whole = np.full(count, -1, np.int64)
            right = np.ones(count, dtype=bool)
            whole[~none], right[~none] = time, good
            return whole, right
    dashed = text[:, 4] == ord("-") if width > 10 else np.zeros(count, dtype=bool)
    time, good = np.zeros(count, np.int64), np.zeros(count, dtype=bool)
    if dashed.any():
        time[dashed], good[dashed] = _iso_time(text[dashed])
    if not dashed.all() and width <= 19:
        value, right = parse_digits(text[~dashed])
        time[~dashed], good[~dashed] = value, right & (value >= 0)
    return time, good


def _iso_time(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ends = ((text[:, -1:] == ord("Z")).all(axis=1), 1), (_ends_with(text, b"+00:00"), 6)
    time = np.zeros(len(text), dtype=np.int64)
    good = np.zeros(len(text), dtype=bool)
    for rows, tail in ends:
        body = text[rows][:, : text.shape[1] - tail]
        decimals = body.shape[1] - 20  # behind "YYYY-MM-DDTHH:MM:SS."
        if not len(body) or not (decimals == -1 or 1 <= decimals <= 9):
            continue
        date, ok = parse_digits(body[:, [0, 1, 2, 3, 5, 6, 8, 9]])
        year, month, day = date // 10_000, date // 100 % 100, date % 100
        ok &= (body[:, 4] == ord("-")) & (body[:, 7] == ord("-")) & (month >= 1) & (month <= 12)
        ok &= (body[:, 10] == ord("T")) | (body[:, 10] == ord(" "))
        ok &= (year >= 1970) & (year < 2262)  # int64 nanoseconds end in 2262
        months = np.where(ok, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
        days = months.astype("datetime64[D]").astype(np.int64) + day - 1
        next_month = (months + 1).astype("datetime64[D]").astype(np.int64)
        ok &= (day >= 1) & (days < next_month)
        clock, fine = _one_clock_style(body[:, 11:], 2)
        time[rows] = np.where(ok, days, 0) * NS_PER_DAY + clock
        good[rows] = ok & fine
    return time, good


def _ends_with(text: np.ndarray, tail: bytes) -> np.ndarray:
    return (text[:, -len(tail) :] == np.frombuffer(tail, np.uint8)).all(axis=1)


def _digits_of(value: np.ndarray, width: int) -> np.ndarray:
    """Zero-padded decimal digits as an array of uint8, shape (n, width)."""
    digits = np.empty((len(value), width), dtype=np.uint8)
    value = value.astype(np.int64)
    for column in range(width - 1, -1, -1):
        value, digit = np.divmod(value, 10)
        digits[:, column] = digit + _ZERO
    return digits


def _texts(codes: np.ndarray) -> list[str]:
    width = codes.shape[1]
    whole = np.ascontiguousarray(codes).tobytes().decode("ascii")
    return [whole[start : start + width] for start in range(0, len(whole), width)]


def format_compact_time(time_ns: np.ndarray) -> list[str]:
    """Write times as ``HHMMSSnnnnnnnnn``, 15 digits (TAQ).

    Examples
    --------
    >>> format_compact_time(np.array([34200417837000]))
    ['093000417837000']
    """
    second, fraction = np.divmod(np.asarray(time_ns, dtype=np.int64), NS_PER_S)
    whole = second // 3600 * 10_000 + second // 60 % 60 * 100 + second % 60
    return _texts(_digits_of(whole * NS_PER_S + fraction, 15))


def format_clock_time(time_ns: np.ndarray) -> list[str]:
    """Write times as ``HH:MM:SS.nnnnnnnnn``.

    Examples
    --------
    >>> format_clock_time(np.array([34200417837000]))
    ['09:30:00.417837000']
    """
    codes = np.array([list(text.encode()) for text in ["00:00:00.000000000"]], dtype=np.uint8)
    codes = np.repeat(codes, len(time_ns), axis=0)
    second, fraction = np.divmod(np.asarray(time_ns, dtype=np.int64), NS_PER_S)
    codes[:, 0:2] = _digits_of(second // 3600, 2)
    codes[:, 3:5] = _digits_of(second // 60 % 60, 2)
    codes[:, 6:8] = _digits_of(second % 60, 2)
    codes[:, 9:] = _digits_of(fraction, 9)
    return _texts(codes)


def format_decimal(value: np.ndarray, decimals: int) -> list[str]:
    """Write ``value / 10**decimals`` exactly, without trailing zeros.

    Parameters
    ----------
    value : ndarray of int64
        Not negative.
    decimals : int
        Digits behind the point.

    Examples
    --------
    >>> format_decimal(np.array([34200189607670, 34200000000000]), 9)
    ['34200.18960767', '34200']
    """
    whole, fraction = np.divmod(np.asarray(value, dtype=np.int64), 10**decimals)
    heads = whole.tolist()
    if not fraction.any():
        return [str(head) for head in heads]
    tails = _texts(_digits_of(fraction, decimals))
    return [
        f"{head}.{tail}".rstrip("0").rstrip(".") for head, tail in zip(heads, tails, strict=True)
    ]


def date_text(digits: str) -> str | None:
    """Turn ``20180102`` into ``2018-01-02``; None when it is not a date.

    Examples
    --------
    >>> date_text("20180102"), date_text("20181302")
    ('2018-01-02', None)
    """
    try:
        return str(np.datetime64(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}", "D"))
    except ValueError:
        return None
