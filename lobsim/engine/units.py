"""The border between floats and integers: one rounding rule for prices and sizes.

A float price belongs to tick ``n`` when ``price / tick_size`` lies within 1e-6 of the whole
number ``n``; otherwise it is off the grid and the order is refused. Nothing is ever rounded to
a *different* price: 1e-6 of a tick only forgives the binary representation of decimals.
Sizes follow the same rule with `lot_size`.
"""

import math

__all__ = ["Grid"]

TOLERANCE = 1e-6  # of a tick or lot


class Grid:
    """Whole multiples of a step: ticks of a price, or lots of a size.

    Parameters
    ----------
    step : float
        Size of one unit, > 0 and finite (0.01 dollars, 100 shares, 1e-8 bitcoin).
    name : str
        For the error message.

    Examples
    --------
    >>> cents = Grid(0.01, "tick_size")
    >>> cents.units(100.29), cents.value(10029)
    (10029, 100.29)
    >>> cents.units(100.295) is None
    True
    """

    def __init__(self, step: float, name: str):
        if not (isinstance(step, (int, float)) and 0 < step < math.inf):
            raise ValueError(f"{name} is {step!r}; it must be a positive number")
        self.step = step
        self.is_whole = float(step).is_integer()
        # Dividing by 100 gives the float nearest to the decimal; times 0.01 does not.
        inverse = round(1 / step)
        self._inverse = inverse if inverse and abs(inverse * step - 1) < 1e-12 else None

    def units(self, value: float) -> int | None:
        """Whole number of steps, or None if `value` is off the grid or not finite."""
        try:
            exact = float(value) / self.step
            nearest = round(exact)  # refuses infinity and NaN
        except (TypeError, ValueError, OverflowError):
            return None
        return nearest if -TOLERANCE <= exact - nearest <= TOLERANCE else None

    def value(self, units):
        """Price or size of a number (or an array) of steps; int if the step is whole."""
        if self.is_whole:
            return units * int(self.step)
        return units / self._inverse if self._inverse else units * self.step
