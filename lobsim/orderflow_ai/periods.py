"""The days that a question names: dates, weekdays, "yesterday", "the last three days" and so on.

A word for a period that is not understood is told and not passed over: an answer about all days to
a question about a morning would be a wrong answer.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, NamedTuple

from lobsim.orderflow_ai.desk import DeskError

__all__ = ["Period", "named_period"]

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
           "october", "november", "december")
_MONTH = "|".join(rf"{name}|{name[:3]}" for name in _MONTHS)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SMALL = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
          "ten": 10}
_OTHER = re.compile(
    r"\b(?:(?:last|this|past|next|per|each|every|a) )?(?:months?|quarters?|years?|ytd|weekdays?|"
    r"weekend|mondays|tuesdays|wednesdays|thursdays|fridays)\b|"
    r"\b(?:in the |this |yesterday |every )?(?:mornings?|afternoons?|evenings?|lunch(?:time)?)\b|"
    r"\b(?:overnight|intraday|at the (?:open|close))\b|"
    r"\bthe (?:first|last) (?:half[- ])?(?:hour|minutes?)\b|\b\d{1,2}:\d{2}\b|"
    r"\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b")


class Period(NamedTuple):
    """A period, and what it is to be compared with where the question says so.

    Attributes
    ----------
    days : dict
        ``first_day`` and ``last_day``, or nothing where no period is named.
    base : dict
        ``base_first_day`` and ``base_last_day``, or nothing.
    """

    days: dict[str, Any]
    base: dict[str, Any]


def named_period(question: str, days: list[str]) -> Period:
    """The period of a question, in days of the data.

    Parameters
    ----------
    question : str
    days : list of str
        Of the data, as ``2025-01-17``, in order; "yesterday" and "today" are the last of them, and
        a week is five of them.

    Returns
    -------
    Period

    Raises
    ------
    DeskError
        The question names a period that cannot be told in days of the data.

    Examples
    --------
    >>> days = ["2025-01-15", "2025-01-16", "2025-01-17"]
    >>> named_period("Was Thursday dearer than the day before?", days).days
    {'first_day': '2025-01-16', 'last_day': '2025-01-16'}
    """
    text = " ".join(question.lower().split())
    if not days:
        return Period({}, {})
    text = _with_dates(text, days)
    named = re.findall(r"\b\d{4}-\d{2}-\d{2}\b", text)
    if len(named) == 2 and re.search(
            rf"{named[0]}\W.*\b(?:than|against|versus|vs|with)\b.*{named[1]}", text):
        return Period(_span(named[:1]), _span(named[1:], "base_"))
    found = _span([min(named), max(named)]) if named else _span(_in_words(text, days))
    odd = _OTHER.search(re.sub(r"time of (?:the )?day", " ", text))
    if odd:
        raise DeskError(f"the tools take whole days from {days[0]} to {days[-1]}, as dates, "
                        f"weekdays or weeks, and not {odd.group().strip()!r}")
    return Period(found, _base(text, found, days))


def _span(days: list[str], prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}first_day": days[0], f"{prefix}last_day": days[-1]} if days else {}


def _with_dates(text: str, days: list[str]) -> str:
    """Dates such as "15 January" and weekdays as dates; a weekday is the last one of the data."""
    def dated(number: str, month: str, year: str | None) -> str:
        at = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(month[:3]))
        return f"{int(year or days[-1][:4])}-{at:02d}-{int(number):02d}"

    text = re.sub(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?(?:,? (\d{{4}}))?",
                  lambda m: dated(m[1], m[2], m[3]), text)
    text = re.sub(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?",
                  lambda m: dated(m[2], m[1], m[3]), text)
    for number, name in enumerate(_WEEKDAYS):
        if re.search(rf"\b{name}\b", text):
            held = [day for day in days if date.fromisoformat(day).weekday() == number]
            if not held:
                raise DeskError(f"the data hold no {name.title()}")
            text = re.sub(rf"\b(?:last |this |past )?{name}\b", held[-1], text)
    return text


def _in_words(text: str, days: list[str]) -> list[str]:
    some = re.search(r"\b(?:last|past|latest) (\d{1,3}|" + "|".join(_SMALL) + r") (day|week)s?\b",
                     text)
    if some:
        count = int(_SMALL.get(some[1], 0) or some[1]) * (5 if some[2] == "week" else 1)
        if not 0 < count <= len(days):
            raise DeskError(f"the data hold {len(days)} days, not the last {count}")
        return days[-count:]
    if re.search(r"\bday before yesterday\b", text):
        return days[-2:-1]
    if re.search(r"\b(?:yesterday|today|(?:last|latest) (?:trading )?day)\b", text):
        return days[-1:]
    if re.search(r"\b(?:last|this|past) week\b", text):
        return days[-5:]
    if re.search(r"\bweek before last\b", text):
        return days[-10:-5]
    if re.search(r"\bfirst day\b", text):
        return days[:1]
    return []


def _base(text: str, found: dict[str, Any], days: list[str]) -> dict[str, Any]:
    """The days just before a period, where the question says "than the day before"."""
    if not found:
        return {}
    before = [day for day in days if day < found["first_day"]]
    own = [day for day in days if found["first_day"] <= day <= found["last_day"]]
    if re.search(r"\bday before\b(?! yesterday)|\bprevious day\b", text):
        return _span(before[-1:], "base_")
    if re.search(r"\b(?:week before(?! last)|previous week)\b", text):
        return _span(before[-max(len(own), 1):], "base_")
    return {}
