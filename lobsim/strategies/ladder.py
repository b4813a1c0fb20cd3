"""The linear ladder of inventories under the exact market-making models.

Both `GLFT` and `CarteaJaimungalMaking` become linear: with a positive number v for each of the
inventories -Q, ..., Q, and time left tau,

.. math:: v'(\\tau) = -M v(\\tau),

M with d_q on and -c beside the diagonal,

and quotes are differences of ln v between neighbouring inventories.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal

from lobsim.engine.jit import njit

__all__ = ["Ladder"]

_ACCURATE = 1e-9  # of the largest entry: smaller ones are lost in sums over eigenvectors
_TERMS = 22  # of the exponential's series on pieces of norm 1: an error of 1e-21


@dataclass(frozen=True, eq=False)
class Ladder:
    """v = exp(-M tau) v0 on inventories -Q to Q, by the eigenvectors of M.

    Parameters
    ----------
    diagonal : ndarray, shape (2 Q + 1,)
        d_q, 1 / time.
    coupling : float
        c > 0, 1 / time.
    at_end : ndarray, shape (2 Q + 1,)
        v0 > 0, without time left.
    """

    diagonal: np.ndarray
    coupling: float
    at_end: np.ndarray

    def __post_init__(self):
        n = len(self.diagonal)
        values, vectors = eigh_tridiagonal(self.diagonal, np.full(n - 1, -self.coupling))
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_vectors", vectors)
        object.__setattr__(self, "_parts", vectors.T @ self.at_end)
        object.__setattr__(self, "_steady", self._log_lowest())

    @property
    def max_inventory(self) -> int:
        """Q."""
        return len(self.diagonal) // 2

    @property
    def decay_rate(self) -> float:
        """Lowest eigenvalue of M, 1 / time: v falls (or grows, if negative) at it in the end."""
        return float(self._values[0])

    def log_values(self, time_left: float) -> np.ndarray:
        """ln v for all inventories, shape (2 Q + 1,); infinite time = the lowest eigenvector.

        The eigenvector's scale is free: only differences of its logarithms mean anything.
        """
        if np.isinf(time_left):
            return self._steady
        return next(self._walk_up([time_left]))

    def _walk_up(self, times_left):
        """`log_values` at finite times in rising order, one after the other."""
        lowest = self._values[0]
        values, scale, reached = np.array(self.at_end, dtype=float), np.zeros(1), 0.0
        for time_left in times_left:
            fading = np.exp(-(self._values - lowest) * time_left)
            sums = self._vectors @ (fading * self._parts)
            if sums.min() > _ACCURATE * sums.max():
                yield np.log(sums) - lowest * time_left
                continue
            _grow(self.diagonal, self.coupling, time_left - reached, values, scale)
            reached = time_left
            tiny = np.finfo(float).tiny
            yield np.log(np.maximum(values, tiny)) + scale[0] - self.diagonal.max() * time_left

    def _log_lowest(self) -> np.ndarray:
        """Logarithms of the lowest eigenvector, by ratios of neighbours from both ends inwards.

        Its tails may be far smaller than the rounding errors of its middle; the ratios grow
        inwards, so that errors do not.
        """
        excess = (self.diagonal - self._values[0]) / self.coupling
        peak = int(np.argmax(np.abs(self._vectors[:, 0])))
        logs = np.zeros(len(excess))
        for indices in (range(peak), range(len(excess) - 1, peak, -1)):
            ratio = 0.0  # of the outer neighbour to this one
            steps = []
            for q in indices:
                ratio = 1.0 / (excess[q] - ratio)
                steps.append(ratio)
            inner = np.cumsum(np.log(steps[::-1])) if steps else np.zeros(0)
            logs[list(indices)[::-1]] = inner
        return logs

    def gains(self, inventory, time_left) -> tuple[np.ndarray, np.ndarray]:
        """ln v_q - ln v_{q+1} and ln v_q - ln v_{q-1}; infinite where q leads beyond Q.

        Parameters
        ----------
        inventory : float or ndarray
            Between whole numbers ln v is joined by straight lines; beyond Q it goes on as at Q.
        time_left : float or ndarray
            Broadcast with the inventory.
        """
        q, tau = np.broadcast_arrays(np.asarray(inventory, dtype=float),
                                     np.asarray(time_left, dtype=float))
        edge = self.max_inventory
        grid = np.arange(-edge, edge + 1, dtype=float)
        up, down = np.empty(q.shape), np.empty(q.shape)
        times = np.unique(tau)
        finite = self._walk_up(times[np.isfinite(times)])
        for one in times:
            at = tau == one
            logs = next(finite) if np.isfinite(one) else self._steady
            here = np.clip(q[at], -edge, edge)
            now = np.interp(here, grid, logs)
            # A fraction of a quote is room enough for no whole one.
            room_up, room_down = here + 1 <= edge + 1e-9, here - 1 >= -edge - 1e-9
            up[at] = np.where(room_up, now - np.interp(here + 1, grid, logs), np.inf)
            down[at] = np.where(room_down, now - np.interp(here - 1, grid, logs), np.inf)
        return up, down


@njit
def _grow(diagonal, coupling, time, values, scale):
    """Multiply `values` (modified) by exp((max(diagonal) - M) time), e^scale kept apart.

    That matrix has no negative entry, so the series is a sum of positive terms and exact to the
    last entry, where a sum over eigenvectors loses what is small.
    """
    n, top, low = len(diagonal), diagonal[0], diagonal[0]
    for q in range(n):  # loops throughout: array expressions take far longer to compile
        top, low = max(top, diagonal[q]), min(low, diagonal[q])
    pieces = max(1, int(np.ceil((top - low + 2.0 * coupling) * time)))
    step = time / pieces
    term, after = np.empty(n), np.empty(n)
    for _ in range(pieces):
        for q in range(n):
            term[q] = values[q]
        for k in range(1, _TERMS):
            for q in range(n):
                more = (top - diagonal[q]) * term[q]
                if q > 0:
                    more += coupling * term[q - 1]
                if q < n - 1:
                    more += coupling * term[q + 1]
                after[q] = more * (step / k)
            for q in range(n):
                term[q] = after[q]
                values[q] += after[q]
        largest = 0.0
        for q in range(n):
            largest = max(largest, values[q])
        for q in range(n):
            values[q] /= largest
        scale[0] += np.log(largest)
