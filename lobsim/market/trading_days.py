"""`Universe`: names that move together by market and sector; their covariance, and their days.

A day is drawn from one seed: how active the whole market is and each name in it, which spreads
widen, where volume dries up, and whether the close is rushed. So the profile of a name is not the
same on two days, nor at two times of one.

Returns are correlated by the random streams of F, which every book reads for itself (by seed of
the factor and step), so books stay independent of their neighbours. Flow is correlated by that,
too: takers who foresee F buy all names of which the common part is about to rise.
"""

from copy import copy
from dataclasses import dataclass, replace
from math import erf

import numpy as np

from lobsim.market.arguments import checked_seed
from lobsim.market.curve import minute_weights
from lobsim.market.parts import Fundamental, Makers, Regimes, Shock, Shocks, VolumeCurve
from lobsim.market.profile import Profile
from lobsim.market.profiles import UNIVERSE
from lobsim.market.rng import Dice

__all__ = ["DayRates", "Universe"]

_SECTORS, _DAYS = 141, 142  # streams of a seed
_PULL = 0.02  # per minute, as in `lobsim.market.price`
_LEAST, _MOST = 0.25, 4.0  # of the slowly varying variance, as there
_CELLS = 150
_SETTLED_MIN = 600


@dataclass(frozen=True)
class DayRates:
    """What a day may bring; all of it drawn anew every day.

    Parameters
    ----------
    market_activity, own_activity : float
        Standard deviations of the logarithm of the day's activity: that of all names, and what
        each name adds of its own. At least 0.
    widenings_per_day, droughts_per_day : float
        Mean number for each name, at least 0.
    widening_minutes, drought_minutes : (float, float)
        Shortest and longest.
    widening_ticks : (float, float)
        Of edge that makers ask for on top, in multiples of 1 tick plus what the name's makers ask
        for as it is: a wide spread widens by more.
    drought_activity : (float, float)
        What is left of the activity, above 0; F keeps its volatility.
    rush_chance : float
        Chance of a day on which the last minutes are rushed in all names, 0 to 1.
    rush_minutes, rush_activity : (float, float)
        How long before the close it begins, and how busy it is.
    """

    market_activity: float = 0.2
    own_activity: float = 0.25
    widenings_per_day: float = 1.0
    widening_minutes: tuple[float, float] = (5.0, 20.0)
    widening_ticks: tuple[float, float] = (0.5, 1.5)
    droughts_per_day: float = 1.0
    drought_minutes: tuple[float, float] = (10.0, 40.0)
    drought_activity: tuple[float, float] = (0.15, 0.5)
    rush_chance: float = 0.3
    rush_minutes: tuple[float, float] = (10.0, 20.0)
    rush_activity: tuple[float, float] = (1.5, 4.0)

    def __post_init__(self):
        for name in ("market_activity", "own_activity", "widenings_per_day", "droughts_per_day"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 0")
        for name in ("widening_minutes", "widening_ticks", "drought_minutes", "drought_activity",
                     "rush_minutes", "rush_activity"):
            low, high = getattr(self, name)
            if not 0 < low <= high < np.inf:
                raise ValueError(f"{name} is {(low, high)}; it must be (least, most), above 0")
        if not 0 <= self.rush_chance <= 1:
            raise ValueError(f"rush_chance is {self.rush_chance}; it must be from 0 to 1")

    @classmethod
    def ordinary(cls) -> "DayRates":
        """Days that are all alike: nothing happens."""
        return cls(0.0, 0.0, widenings_per_day=0.0, droughts_per_day=0.0, rush_chance=0.0)


class Universe:
    """Names, the sectors they belong to, and the days they have.

    Parameters
    ----------
    profiles : sequence of Profile
        By default the fifty names of `lobsim.market.UNIVERSE`.
    sectors : int
        How many; each name is drawn into one.
    sector_part : float
        Share of what the market's factor leaves of a name's diffusion that its sector's factor
        takes, 0 to 1.
    rates : DayRates
    seed : int
        Of the draw of the sectors.

    Attributes
    ----------
    profiles : tuple of Profile
        Those that were given, in their sectors.

    Examples
    --------
    >>> universe = Universe()
    >>> len(universe), universe.correlation().shape
    (50, (50, 50))
    >>> day = universe.day(7)
    >>> day[0].name == universe.profiles[0].name
    True
    """

    def __init__(self, profiles=UNIVERSE, *, sectors: int = 8, sector_part: float = 0.4,
                 rates: DayRates | None = None, seed: int = 1):
        given = tuple(profiles)
        if not given or not all(isinstance(one, Profile) for one in given):
            raise ValueError(f"profiles holds {len(given)} entries; it must be at least one "
                             f"Profile, and nothing else")
        if sectors < 1 or sectors != int(sectors):
            raise ValueError(f"sectors is {sectors}; it must be a whole number above 0")
        if not 0 <= sector_part <= 1:
            raise ValueError(f"sector_part is {sector_part}; it must be from 0 to 1")
        drawn = Dice(checked_seed(seed), _SECTORS).integers(len(given), 0, int(sectors))
        self.profiles = tuple(_in_sector(one, int(k), sector_part)
                              for one, k in zip(given, drawn, strict=True))
        self.rates = rates or DayRates()

    def __len__(self) -> int:
        return len(self.profiles)

    def some(self, count: int) -> "Universe":
        """A universe of `count` of these names, evenly from the first to the last."""
        places = np.rint(np.linspace(0, len(self) - 1, count)).astype(int)
        return self._with(tuple(self.profiles[k] for k in places))

    def with_parts(self, *parts) -> "Universe":
        """The same with these parts added to every name, each a part or a function that
        makes it for a profile.
        """
        return self._with(tuple(
            one.with_parts(*(part(one) if callable(part) else part for part in parts))
            for one in self.profiles))

    def _with(self, profiles) -> "Universe":
        made = copy(self)
        made.profiles = profiles
        return made

    @property
    def sectors(self) -> np.ndarray:
        """Number of the sector of each name."""
        return np.array([one.sector for one in self.profiles])

    # -- risk ------------------------------------------------------------------------------------

    def covariance(self, start_s: float, seconds: float) -> np.ndarray:
        r"""Covariance of the exogenous returns over a window of an ordinary day, in bps^2.

        .. math:: \Sigma_{ij} = \sigma_i \sigma_j \rho_{ij} \sum_{minutes} \sqrt{a_i a_j}\,
            E[\sqrt{v_i}]\,E[\sqrt{v_j}], \qquad \rho_{ij} =
            \sqrt{(1 - J_i)(1 - J_j)}\,(b_i b_j + [\text{same sector}]\, s_i s_j)

        for i and j apart, with the volatility of a minute, activity a, share of jumps J, loadings
        b and s (roots of the shares of market and sector), and the slowly varying variance v,
        whose moments are those of its chain from 1 a minute before the window; for i = j
        :math:`\sigma_i^2 \sum a_i E[v_i]`. What trades do to prices is not in it.

        Parameters
        ----------
        start_s, seconds : float
            The window: seconds after midnight, and its length.

        Returns
        -------
        ndarray, shape (M, M)
        """
        minutes = max(1, int(np.ceil(seconds / 60.0 - 1e-9)))
        part = np.full(minutes, 1.0)
        part[-1] = seconds / 60.0 - (minutes - 1)
        scale = np.zeros((len(self), minutes))  # standard deviation of each minute, v apart
        mean, root = np.zeros((2, len(self), minutes))
        for i, one in enumerate(self.profiles):
            scale[i] = one.volatility_bps * np.sqrt(_activity(one, start_s, minutes) * part)
            mean[i], root[i] = _variance_moments(one.vol_of_vol, minutes + 1)[:, 1:]
        felt = scale * root
        found = (felt @ felt.T) * self._diffusion()
        np.fill_diagonal(found, (scale**2 * mean).sum(axis=1))
        return found

    def correlation(self) -> np.ndarray:
        """Correlation of the exogenous returns where the variance does not vary, shape (M, M)."""
        found = self._diffusion()
        np.fill_diagonal(found, 1.0)
        return found

    def _diffusion(self) -> np.ndarray:
        share = np.sqrt([1.0 - one.jump_share for one in self.profiles])
        market, sector = (share * np.array([_root(getattr(one, name)) for one in self.profiles])
                          for name in ("common_share", "sector_share"))
        same = self.sectors[:, None] == self.sectors
        return np.outer(market, market) + same * np.outer(sector, sector)

    # -- days ------------------------------------------------------------------------------------

    def day(self, seed: int) -> tuple[Profile, ...]:
        """The profiles of one day.

        Parameters
        ----------
        seed : int
            0 to 2**63 - 1.

        Returns
        -------
        tuple of Profile
            With `lobsim.market.parts.Shocks` that tell what happens.
        """
        dice, rates = Dice(checked_seed(seed), _DAYS), self.rates
        market = rates.market_activity * _normal(dice, 1)[0]
        own = rates.own_activity * _normal(dice, len(self))
        rush = dice.uniform(3)
        days = []
        for i, one in enumerate(self.profiles):
            minutes = (one.day_end_s - one.day_start_s) / 60.0
            shocks = []
            activity = float(np.exp(market + own[i]))
            if activity != 1.0:
                shocks.append(Shock("activity", one.day_start_s, minutes, activity))
            shocks += self._widenings(one, dice) + self._droughts(one, dice)
            if rush[0] < rates.rush_chance:
                length = min(_between(rates.rush_minutes, rush[1]), minutes)
                busy = _between(rates.rush_activity, rush[2])
                shocks.append(Shock("rush", one.day_end_s - 60.0 * length, length, busy))
            days.append(one.with_parts(Shocks(tuple(shocks))))
        return tuple(days)

    def _widenings(self, one, dice) -> list[Shock]:
        makers = one.part(Makers)
        if makers is None:
            return []
        unit = 1.0 + max(0.0, -makers.maker_slack_ticks)
        return [Shock("widening", start_s, minutes, slack_ticks=-unit * _between(
            self.rates.widening_ticks, place)) for start_s, minutes, place in _times(
                one, self.rates.widenings_per_day, self.rates.widening_minutes, dice)]

    def _droughts(self, one, dice) -> list[Shock]:
        found = []
        for start_s, minutes, place in _times(one, self.rates.droughts_per_day,
                                              self.rates.drought_minutes, dice):
            left = _between(self.rates.drought_activity, place)
            found.append(Shock("drought", start_s, minutes, left, left**-0.5))
        return found


def _in_sector(profile: Profile, sector: int, part: float) -> Profile:
    path = profile.part(Fundamental)
    if path is None or profile.part(Regimes) is not None:
        raise ValueError(f"profile {profile.name} must have Fundamental and no Regimes; a universe "
                         f"works out its covariance and draws its days")
    share = part * (1.0 - abs(path.common_share))
    return profile.with_parts(replace(path, sector=sector, sector_share=share))


def _times(profile, per_day, lengths, dice):
    """When something begins, how long it lasts (minutes), and a number for how strong it is."""
    count, gap = 0, float(dice.exponential(1)[0])
    while gap < per_day:
        count += 1
        gap += float(dice.exponential(1)[0])
    found = []
    for when, length, place in dice.uniform(3 * count).reshape(count, 3):
        start_s = profile.day_start_s + when * (profile.day_end_s - profile.day_start_s)
        found.append((float(start_s), float(_between(lengths, length)), float(place)))
    return found


def _between(limits, place) -> float:
    return float(limits[0] + (limits[1] - limits[0]) * place)


def _root(share: float) -> float:
    return float(np.sign(share) * np.sqrt(abs(share)))


def _normal(dice: Dice, count: int) -> np.ndarray:
    return dice.uniform(12 * count).reshape(count, 12).sum(axis=1) - 6.0


def _activity(profile: Profile, start_s: float, minutes: int) -> np.ndarray:
    """Activity in each minute of a window, relative to the day's mean."""
    part = profile.part(VolumeCurve)
    curve = part.volume_curve if part else (1.0,)
    weights = minute_weights(curve, profile.day_start_s, profile.day_end_s)
    first = int((start_s - profile.day_start_s) // 60.0)
    rows = np.clip(first + np.arange(minutes), 0, len(weights) - 1)
    return weights[rows] * len(weights)


_moments: dict[float, np.ndarray] = {}


def _variance_moments(vol_of_vol: float, minutes: int) -> np.ndarray:
    """E[v] and E[sqrt v] in the minutes 0, 1, ... after v was 1, shape (2, minutes).

    By the transition matrix of v on a grid of its logarithm; the shock is taken as normal.
    """
    kept = _moments.get(vol_of_vol)
    if kept is None or kept.shape[1] < min(minutes, _SETTLED_MIN):
        kept = _moments[vol_of_vol] = _chain_moments(vol_of_vol, min(minutes, _SETTLED_MIN))
    if minutes > kept.shape[1]:  # settled by then
        kept = np.pad(kept, ((0, 0), (0, minutes - kept.shape[1])), "edge")
    return kept[:, :minutes]


def _chain_moments(vol_of_vol: float, minutes: int) -> np.ndarray:
    if vol_of_vol == 0.0:
        return np.ones((2, minutes))
    edges = np.exp(np.linspace(np.log(_LEAST), np.log(_MOST), _CELLS + 1))
    middle = np.sqrt(edges[1:] * edges[:-1])
    mean = middle + _PULL * (1.0 - middle)
    normal = np.vectorize(lambda z: 0.5 * (1.0 + erf(z / np.sqrt(2.0))))
    below = normal((edges[1:-1] - mean[:, None]) / (vol_of_vol * middle[:, None]))
    ends = np.ones((_CELLS, 1))
    moves = np.diff(np.hstack([0.0 * ends, below, ends]), axis=1)  # what lies outside is cut
    chance = np.zeros(_CELLS)
    chance[[_CELLS // 2 - 1, _CELLS // 2]] = 0.5
    found = np.zeros((2, minutes))
    for minute in range(minutes):
        chance = chance @ moves  # the first shock comes with the first minute
        found[:, minute] = chance @ middle, chance @ np.sqrt(middle)
    return found
