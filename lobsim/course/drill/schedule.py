"""When a question comes back: the spaced repetition of SuperMemo's algorithm SM-2.

A question answered well comes back after 1 day, after 6, and then after its interval times its
ease; one answered badly begins anew. The ease moves with every answer and never falls below 1.3.

References
----------
P. A. Wozniak and E. J. Gorzelanczyk (1994), "Optimization of repetition spacing in the practice of
learning", Acta Neurobiologiae Experimentalis 54, 59-62; algorithm SM-2 is section 3.2 of
Wozniak's thesis "Optimization of learning" (1990).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

__all__ = ["FIRST_EASE", "LEAST_EASE", "LONGEST_DAYS", "Card", "after", "quality"]

FIRST_EASE = 2.5
LEAST_EASE = 1.3
_GOOD_ENOUGH = 3  # a quality from which on an answer counts as remembered
LONGEST_DAYS = 3650  # an interval beyond is as good as never, and dates have an end


@dataclass(frozen=True)
class Card:
    """What is known of one question.

    Attributes
    ----------
    repetitions : int
        Good answers in a row.
    interval_days : int
        Days from the last answer to the next; 0 before the first.
    ease : float
        At least 1.3.
    due : date, optional
        None: never asked.
    answers, lapses : int
        All answers, and those that set it back.
    """

    repetitions: int = 0
    interval_days: int = 0
    ease: float = FIRST_EASE
    due: dt.date | None = None
    answers: int = 0
    lapses: int = 0


def quality(share: float, seconds: float, allowed_s: float) -> int:
    """SM-2's quality of an answer, 0 to 5, from its marks and its time.

    Parameters
    ----------
    share : float
        Marks earned over marks possible, 0 to 1.
    seconds, allowed_s : float
        Time taken and time allowed. More than half as much again costs one grade: an answer that
        comes too late is half known.

    Examples
    --------
    >>> quality(1.0, 60, 180), quality(1.0, 300, 180), quality(0.5, 60, 180), quality(0.0, 60, 180)
    (5, 4, 3, 0)
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share of marks of {share} is not possible; 0 to 1 is allowed")
    grade = int(5 * share + 0.5)
    return max(0, grade - 1) if seconds > 1.5 * allowed_s else grade


def after(card: Card, grade: int, day: dt.date) -> Card:
    """The card after an answer of a quality on a day.

    Parameters
    ----------
    grade : int
        0 to 5; below 3 the question begins anew (SM-2, step 6).

    Examples
    --------
    >>> day = dt.date(2027, 1, 1)
    >>> card = after(after(Card(), 5, day), 5, day)
    >>> card.interval_days, card.due.isoformat(), round(card.ease, 2)
    (6, '2027-01-07', 2.7)
    """
    if grade not in range(6):
        raise ValueError(f"a quality of {grade!r} is not possible; 0 to 5 is allowed")
    missed = 5 - grade
    ease = max(LEAST_EASE, card.ease + 0.1 - missed * (0.08 + missed * 0.02))  # SM-2, step 5
    if grade < _GOOD_ENOUGH:
        repetitions, interval = 0, 1
    else:
        repetitions = card.repetitions + 1
        interval = {1: 1, 2: 6}.get(repetitions) or max(card.interval_days + 1,
                                                        round(card.interval_days * ease))
    interval = min(interval, LONGEST_DAYS)
    lapsed = grade < _GOOD_ENOUGH and card.repetitions > 0
    return Card(repetitions, interval, ease, day + dt.timedelta(days=interval), card.answers + 1,
                card.lapses + lapsed)
