"""Moments with a time zone: due dates and the time of a hand-in, read from text."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_NUMERIC_ZONE = re.compile(r"([+-]\d\d):?(\d\d)$")


class NoMoment(ValueError):
    """A text is no moment in time; the message says what is allowed."""


def moment(text: str, zone: str | None = None) -> dt.datetime:
    """A moment in universal time.

    Parameters
    ----------
    text : str
        ISO 8601 (``2027-02-01T18:00+01:00``), or date and time with ``UTC``, an offset
        (``+0100``) or a zone's name behind them, as nbgrader's ``timestamp.txt``
        (``2027-02-01 17:00:00.000000 UTC``).
    zone : str, optional
        Zone of a text that names none, such as ``Europe/Berlin``. Without it, such a text is
        an error.

    Returns
    -------
    datetime
        With time zone UTC.

    Raises
    ------
    NoMoment

    Examples
    --------
    >>> moment("2027-02-01T18:00+01:00").isoformat()
    '2027-02-01T17:00:00+00:00'
    >>> moment("2027-07-01 18:00", "Europe/Berlin").isoformat()
    '2027-07-01T16:00:00+00:00'
    """
    words = text.strip()
    named = None
    head, _, tail = words.rpartition(" ")
    if head and tail[:1].isalpha():
        words, named = head, tail
    try:
        found = dt.datetime.fromisoformat(_NUMERIC_ZONE.sub(r"\1:\2", words).replace(" +", "+")
                                          .replace(" -", "-"))
    except ValueError:
        raise NoMoment(f"{text!r} is no date and time; write it like 2027-02-01T18:00+01:00") \
            from None
    if named is not None or found.tzinfo is None:
        if named is None and zone is None:
            raise NoMoment(f"{text!r} has no time zone; write it like 2027-02-01T18:00+01:00")
        found = found.replace(tzinfo=zone_of(named or zone or "UTC"))
    return found.astimezone(dt.timezone.utc)


def zone_of(name: str) -> dt.tzinfo:
    """The time zone of a name.

    Raises
    ------
    NoMoment
        There is no such zone.
    """
    if name.upper() in ("UTC", "Z", "GMT"):
        return dt.timezone.utc
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NoMoment(f"there is no time zone {name!r}; write for example Europe/Berlin or UTC") \
            from None


def span(seconds: float) -> str:
    """A length of time in words: days and hours, or hours and minutes.

    Examples
    --------
    >>> span(90_000)
    '1 day 1 h'
    >>> span(600)
    '10 min'
    """
    minutes = int(seconds // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} day{'s' * (days > 1)}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min" if minutes else f"{int(seconds)} s"
