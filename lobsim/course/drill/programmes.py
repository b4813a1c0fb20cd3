"""Three mock interviews with a programme of their own: what each kind of desk asks."""

from __future__ import annotations

from dataclasses import dataclass

from lobsim.course.drill.bank import find
from lobsim.course.drill.mock import PLAN, Slot
from lobsim.course.drill.question import BankError, Question

__all__ = ["PROGRAMMES", "Programme", "programme"]


@dataclass(frozen=True)
class Programme:
    """An interview whose questions are chosen and not drawn; their numbers are drawn.

    Attributes
    ----------
    name : str
        As it is asked for: ``lobsim drill --mock NAME``.
    role : str
        For whom the desk looks.
    listens_for : str
        What the interviewer wants to hear in every answer.
    questions : tuple of str
        Ids, in the order in which they are asked.
    """

    name: str
    role: str
    listens_for: str
    questions: tuple[str, ...]

    def slots(self) -> list[tuple[Slot, Question]]:
        """The questions in order, each with the stretch of the interview to which its kind belongs.

        Raises
        ------
        BankError
            A question is not in the bank.
        """
        of_kind = {slot.kind: slot for slot in PLAN}
        return [(of_kind[question.kind], question) for question in map(find, self.questions)]

    @property
    def minutes(self) -> int:
        """Minutes that the questions allow together."""
        return sum(question.minutes for _, question in self.slots())


# No lesson twice in one interview, and every lesson in one of the three.
PROGRAMMES = {one.name: one for one in (
    Programme(
        "bank", "quant researcher, execution desk of a bank",
        "a benchmark named before the number, and a test that could prove you wrong",
        ("which-benchmark", "patience-or-signal", "walk-the-book-cost", "root-law-mean-cost",
         "mean-rate-of-hawkes", "orders-per-policy", "estimate-before-trade", "derive-telescope",
         "code-last-known", "bug-best-on-test", "case-fifty-orders-nine")),
    Programme(
        "maker", "trader, market-making firm",
        "speed with numbers, and who is on the other side of each fill",
        ("queue-place-worth", "optimistic-fill-rules", "weighted-mid-by-hand", "maker-kept-half",
         "odds-of-the-next-event", "bias-of-a-maximum", "t-after-a-year", "derive-quote-distance",
         "code-markov", "bug-windows-on-both-sides", "case-learn-to-quote")),
    Programme(
        "buyside", "trader or analyst, dealing desk of an asset manager",
        "what the client sees, and what a figure of a broker leaves out",
        ("explain-to-a-manager", "limits-or-penalties", "sold-below-vwap", "hits-to-break-even",
         "risk-of-an-even-day", "wandering-inventory", "how-slow-is-the-copy",
         "derive-difference-in-parts", "code-returns-to-go", "bug-ratio-of-logs",
         "case-analyst-agent")),
)}  # fmt: skip


def programme(name: str) -> Programme:
    """A programme by its name.

    Raises
    ------
    BankError
        There is none of that name.

    Examples
    --------
    >>> programme("maker").role
    'trader, market-making firm'
    """
    if name not in PROGRAMMES:
        raise BankError(f"{name!r} is no mock interview; allowed are {', '.join(PROGRAMMES)}, or "
                        "none for one that is drawn")
    return PROGRAMMES[name]
