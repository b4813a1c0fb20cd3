r"""A guard before the market: no policy is deployed that was not shown to be better.

Two decisions, with different burdens of proof.

*While it is tried* the guard is looked at after each block of live days, and stops a candidate that
is shown to be worse than the fallback. It may be looked at as often as one likes, so it goes by a
confidence sequence (`lobsim.sim_to_real.sequential`).

*When it is to be deployed* the burden turns round: the candidate must be shown to be better, on
days that had no part in choosing it, in one planned look. Whatever is not shown leaves the fallback
in place. So a policy that is no better than the fallback is deployed with chance at most alpha,
however many candidates were tried and however the best of them was chosen. That is the guarantee;
it holds by what is deployed and not by how good the learning is.

Costs are in bps, less is better; live they are best taken against the schedule
(`lobsim.sim_to_real.live_days`), as no day is lived by both.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import t as student

from lobsim.sim_to_real.sequential import confidence_sequence

__all__ = ["Guard", "Proof", "proof_of"]


@dataclass(frozen=True)
class Proof:
    """Whether a candidate may replace the fallback.

    Attributes
    ----------
    difference : float
        Mean cost of the candidate less that of the fallback, negative = better.
    high : float
        One-sided upper confidence limit of it.
    deploy : bool
        Whether that is below 0.
    """

    difference: float
    high: float
    deploy: bool


def proof_of(candidate, fallback, *, alpha: float = 0.05) -> Proof:
    r"""One planned look at a candidate on days of its own: is it shown to be better?

    .. math:: \bar c - \bar f + t_{1-\alpha,\nu} \sqrt{s_c^2/m + s_f^2/n} < 0

    Parameters
    ----------
    candidate, fallback : array_like of float
        Costs on different days (at least 2 each), none of which was used to choose the candidate.
    alpha : float
        Chance with which a candidate that is no better may pass, at most; below 0.5.

    References
    ----------
    B. Welch (1947), "The generalization of Student's problem when several different population
    variances are involved", Biometrika 34, for the degrees of freedom.

    Examples
    --------
    >>> proof_of([1.0, 1.2, 0.8, 1.1], [2.0, 2.1, 1.9, 2.2]).deploy
    True
    >>> proof_of([1.0, 3.2, -0.8, 2.1], [2.0, 2.1, 1.9, 2.2]).deploy
    False
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}; it must lie between 0 and 0.5")
    effect, parts, counts = _difference(candidate, fallback)
    if min(counts) < 2:
        raise ValueError(f"there are {counts[0]} days of the candidate and {counts[1]} of the "
                         f"fallback; at least 2 of each are needed")
    variance = sum(parts)
    if variance == 0.0:
        return Proof(effect, effect, effect < 0)
    freedom = variance**2 / sum(part**2 / (n - 1) for part, n in zip(parts, counts, strict=True))
    high = effect + float(student.ppf(1 - alpha, freedom)) * math.sqrt(variance)
    return Proof(effect, high, high < 0)


@dataclass
class Guard:
    """Watches one candidate beside the fallback, block after block.

    Parameters
    ----------
    tau : float
        Size of the differences that matter, bps, fixed beforehand
        (`lobsim.sim_to_real.best_tau`).
    alpha : float
        Chance of ever stopping a candidate that is no worse, at most (asymptotically).
    least : int
        Days of either side before the first look counts.

    Examples
    --------
    >>> guard = Guard(tau=1.0, least=10)
    >>> rng = np.random.default_rng(0)
    >>> guard.look(rng.normal(3.0, 1.0, 20), rng.normal(0.0, 1.0, 20))
    'worse'
    """

    tau: float = 1.0
    alpha: float = 0.05
    least: int = 10
    candidate: list[float] = field(default_factory=list, init=False)
    fallback: list[float] = field(default_factory=list, init=False)
    looks: list[tuple[float, float]] = field(default_factory=list, init=False)

    def look(self, candidate, fallback=()) -> str:
        """Add the costs of new days, and look.

        Parameters
        ----------
        candidate, fallback : array_like of float
            Of days that were not given before, bps.

        Returns
        -------
        str
            "worse" (stop it), "better" or "not told apart"; once told, it stays.
        """
        self.candidate += [float(cost) for cost in np.ravel(candidate)]
        self.fallback += [float(cost) for cost in np.ravel(fallback)]
        counts = len(self.candidate), len(self.fallback)
        effect, error = math.nan, math.nan
        if min(counts) >= max(2, self.least):
            effect, parts, _ = _difference(self.candidate, self.fallback)
            error = math.sqrt(sum(parts))
        self.looks.append((effect, error))
        return self.verdict

    @property
    def interval(self) -> tuple[float, float]:
        """The confidence sequence now: candidate less fallback, bps."""
        if not self.looks:
            return -math.inf, math.inf
        effects, errors = map(np.array, zip(*self.looks, strict=True))
        found = confidence_sequence(effects, errors, self.tau, alpha=self.alpha)
        return float(found.low[-1]), float(found.high[-1])

    @property
    def verdict(self) -> str:
        """"worse", "better" or "not told apart"."""
        low, high = self.interval
        if low > 0:
            return "worse"
        return "better" if high < 0 else "not told apart"


def _difference(candidate, fallback) -> tuple[float, tuple[float, float], tuple[int, int]]:
    """Difference of means, the squared error of each, and the counts."""
    sides = [np.asarray(costs, dtype=np.float64).ravel() for costs in (candidate, fallback)]
    for name, costs in zip(("candidate", "fallback"), sides, strict=True):
        if not len(costs) or not np.isfinite(costs).all():
            raise ValueError(f"the costs of the {name} are {costs[:3].tolist()} ...; finite "
                             f"numbers are needed")
    parts = tuple(float(costs.var(ddof=1)) / len(costs) if len(costs) > 1 else math.nan
                  for costs in sides)
    return float(sides[0].mean() - sides[1].mean()), parts, tuple(map(len, sides))
