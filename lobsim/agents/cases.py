"""The named cases; the numbers of each stand in a file of its own, ``cases_*.py``."""

from lobsim.agents.case import Case
from lobsim.agents.cases_chriss import CHRISS
from lobsim.agents.cases_execution import EXECUTION
from lobsim.agents.cases_making import MAKING
from lobsim.agents.cases_pacing import PACING
from lobsim.agents.cases_portfolio import PORTFOLIO
from lobsim.agents.cases_stoikov import SIGNAL, STOIKOV

__all__ = ["CASES", "find_case"]

CASES: dict[str, Case] = {case.name: case for case in (EXECUTION, PACING, MAKING, STOIKOV,
                                                       SIGNAL, CHRISS, PORTFOLIO)}
"""Cases by name."""


def find_case(case: str | Case) -> Case:
    """A case by its name; a case is returned as it is.

    Examples
    --------
    >>> find_case("chriss").title
    'sell a block under linear impact'
    """
    if isinstance(case, Case):
        return case
    if case not in CASES:
        raise ValueError(f"case is {case!r}; it must be one of {', '.join(CASES)}")
    return CASES[case]
