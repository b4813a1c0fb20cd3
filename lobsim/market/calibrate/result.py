"""What a calibration returns: parts for a market, estimates with errors, tests of the fit."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

LEVEL = 0.01
"""A fit is called rejected when its p-value is below this."""

_SMALLEST = 1e-16  # smaller p-values are only told to be so


class Estimate(NamedTuple):
    """A number with its standard error (NaN where none can be given: at a bound, or a choice)."""

    name: str
    value: float
    standard_error: float = float("nan")


class FitTest(NamedTuple):
    """A test of whether the data could have come from the fitted model."""

    name: str
    statistic: float
    p_value: float
    claim: str  # what is tested, as the end of a sentence

    @property
    def passed(self) -> bool:
        """Whether the data do not contradict the claim at the level of 1 %."""
        return bool(self.p_value >= LEVEL)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if np.isnan(self.p_value):
            return f"Too few events to test whether {self.claim}."
        outcome = "Not rejected" if self.passed else "Rejected"
        told = f"p = {self.p_value:.3g}" if self.p_value >= _SMALLEST else f"p < {_SMALLEST:g}"
        return f"{outcome} ({told}): {self.claim}."


@dataclass(frozen=True, eq=False)
class Calibration:
    """A flow fitted to recorded messages. ``print`` shows it whole.

    Attributes
    ----------
    model : str
        What was fitted.
    parts : tuple
        Parts of a market (`lobsim.market.parts`), the fitted model first.
    estimates : tuple of `Estimate`
    tests : tuple of `FitTest`
    n_events, duration_s : int, float
        Events used, and seconds in which they fell.
    log_likelihood : float
        In nats; comparable between models only for the same events.
    notes : tuple of str
        What was assumed or left out.
    """

    model: str
    parts: tuple
    estimates: tuple[Estimate, ...]
    tests: tuple[FitTest, ...]
    n_events: int
    duration_s: float
    log_likelihood: float
    notes: tuple[str, ...] = ()

    @property
    def part(self):
        """The fitted model itself, as a part of a market."""
        return self.parts[0]

    @property
    def passed(self) -> bool:
        """Whether no test rejects the fit."""
        return all(test.passed for test in self.tests)

    def __getitem__(self, name: str) -> Estimate:
        """The estimate with this name."""
        for estimate in self.estimates:
            if estimate.name == name:
                return estimate
        known = ", ".join(estimate.name for estimate in self.estimates)
        raise KeyError(f"no estimate is called {name!r}; there are {known}")

    def table(self) -> pd.DataFrame:
        """Estimates as a table: ``value, standard_error`` by name."""
        return pd.DataFrame(self.estimates, columns=["name", "value", "standard_error"]).set_index(
            "name"
        )

    def __str__(self) -> str:
        lines = [f"{self.model}: {self.n_events:,} events in {self.duration_s:,.0f} s, "
                 f"log-likelihood {self.log_likelihood:,.1f}"]
        width = max((len(estimate.name) for estimate in self.estimates), default=0)
        for name, value, error in self.estimates:
            told = "" if np.isnan(error) else f" +- {error:.2g}"
            lines.append(f"  {name:{width}}  {value:.5g}{told}")
        lines += [f"  {test.name}: {test.verdict}" for test in self.tests]
        return "\n".join(lines + [f"  Note: {note}" for note in self.notes])
