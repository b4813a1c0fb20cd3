"""Parts about the price: the efficient price, makers around it, impact, and the time of day."""

from dataclasses import dataclass

from lobsim.market.state import IMPACT_PARTS


@dataclass(frozen=True)
class Fundamental:
    """The efficient price ``F``: an exogenous path, drawn from a random stream of its own.

    Parameters
    ----------
    volatility_bps : float
        Standard deviation of one average minute's change, in basis points.
    jump_share, jump_rate_per_s : float
        Share of the variance that arrives in jumps, and how often one happens.
    vol_of_vol : float
        Per-minute relative noise of the slowly varying variance (0 = constant).
    trend_bps_per_min : float
        Drift.
    common_share : float
        Share of the diffusion's variance (jumps are everybody's own) that comes from the factor of
        the market's universe, -1 to 1; a
        negative value moves against it.
    sector_share : float
        The same for the factor of the market's sector, -1 to 1; with the first it makes at most
        the whole.
    sector : int
        Number of the sector, at least 0: within a universe, names of one number share a factor.
    """

    volatility_bps: float
    jump_share: float = 0.0
    jump_rate_per_s: float = 0.0
    vol_of_vol: float = 0.0
    trend_bps_per_min: float = 0.0
    common_share: float = 0.0
    sector_share: float = 0.0
    sector: int = 0


@dataclass(frozen=True)
class Makers:
    """Makers who quote around the efficient price.

    Parameters
    ----------
    maker_slack_ticks : float
        Smallest edge against F that makers accept is minus this; negative values make them demand
        an edge, which widens the spread.
    maker_lean : float
        Slope, per tick of edge above the smallest, of the chance that an arriving maker joins.
    cancel_lean : float
        An order with an edge of a tick or more is cancelled more rarely by this share, 0 to 1; one
        without an edge is not: queues thin out before the price moves.
    stale_rate_per_s : float
        Rate at which an order without the smallest edge is pulled.
    snipe_share : float
        Share of these that are hit before they are pulled.
    refill_rate_per_s : float
        Rate at which an open spread is refilled, on the side with the larger edge.
    refill_ticks : int
        A refilling quote improves the best by one to this many ticks, as far as its edge allows.
    """

    maker_slack_ticks: float = 0.5
    maker_lean: float = 0.4
    cancel_lean: float = 0.0
    stale_rate_per_s: float = 20.0
    snipe_share: float = 0.05
    refill_rate_per_s: float = 10.0
    refill_ticks: int = 1


_LADDER_TIMES_S = (10.0, 60.0, 360.0, 2160.0, 12960.0)
_LADDER_WEIGHTS = (0.22, 0.15, 0.18, 0.20, 0.25)
"""Decay times from seconds to hours, so that orders of all lengths are forgotten alike: the fastest
stands for all below it; slower ones weigh a little more, so that long orders keep the root."""
_LARGE = 0.01
"""Q / V of the order whose permanent move `Impact.square_root` is told."""


@dataclass(frozen=True)
class Impact:
    """What trades from outside the crowd (own ones, metaorders, the predator) do to the price.

    The efficient price is moved by ``P + sum_k w_k f(u_k)`` ticks. ``P`` is permanent and linear:
    `permanent_share` of every lot over `depth_per_tick`. The rest of every lot, over the same
    depth, enters each ``u_k``, which forgets it exponentially in ``impact_times_s[k]``; weights
    ``w_k`` add up to 1. With g = `depth_growth`, ``f(u) = (sqrt(1 + 2 g u) - 1) / g``: the way
    into a latent book that holds ``depth_per_tick * (1 + g p)`` lots at p ticks (Toth et al. 2011
    [2]_), so that impact is linear in small trades and grows like the square root of large ones;
    g = 0 is the linear model of Obizhaeva and Wang (2013) [1]_ with several decay times. The
    crowd's own impact is in the path of F already.

    Parameters
    ----------
    depth_per_tick : float
        In the profile's size unit.
    permanent_share : float
        0 to 1.
    impact_times_s, impact_weights : tuples of at most 5 floats
        Decay times of the rest, and their weights.
    depth_growth : float
        Per tick, at least 0.
    resting_share : float
        A filled *resting* order moves P in full, and enters ``u_k`` with this share, 0 to 1.
    regret_free : bool
        Whether a taking trade moves the efficient price at most to its own price (quotes that
        makers do not regret: Glosten and Milgrom 1985 [5]_); lots beyond that do not count. An
        order that finds a deep book then moves the price no farther than it paid for.

    Notes
    -----
    No schedule of trades that ends flat gains from its own impact. The cost of moving the price is
    ``int (P + sum_k w_k f(u_k)) dQ``. The linear permanent part costs nothing over a round trip
    (and a nonlinear one could be pumped, Huberman and Stanzl 2004 [3]_). For every other part
    ``dQ ~ du_k + u_k dt / T_k``, so that it costs ``w_k`` times the integral of f from 0 to the
    last ``u_k``, plus ``int u_k f(u_k) dt / T_k``: neither is negative, whatever the schedule
    (Alfonsi and Schied 2010 [4]_, for one decay time). The argument needs that f bends every part
    by itself. Bending the move of every single order would pay whoever splits one leg only. Over
    the discrete trades of a market it holds as far as spread and depth make up for an order's being
    filled before it moves the price: without `regret_free`, one sweep of a book that is deeper than
    this rule pumps the price for little. With `resting_share` below 1 whoever pumps may rest orders
    where the price was pumped to. With `regret_free` lots are left out, one way perhaps more than
    the other, so that the argument is no proof any more and a search has the last word:
    `lobsim.analytics.round_trips`.

    References
    ----------
    .. [1] A. Obizhaeva, J. Wang, "Optimal trading strategy and supply/demand dynamics",
       Journal of Financial Markets 16(1), 2013, sections 3-4.
    .. [2] B. Toth et al., "Anomalous price impact and the critical nature of liquidity in
       financial markets", Physical Review X 1, 2011, section III.
    .. [3] G. Huberman, W. Stanzl, "Price manipulation and quasi-arbitrage", Econometrica 72(4),
       2004.
    .. [4] A. Alfonsi, A. Schied, "Optimal trade execution and absence of price manipulations in
       limit order book models", SIAM Journal on Financial Mathematics 1(1), 2010.
    .. [5] L. Glosten, P. Milgrom, "Bid, ask and transaction prices in a specialist market with
       heterogeneously informed traders", Journal of Financial Economics 14(1), 1985.
    """

    depth_per_tick: float
    permanent_share: float = 0.2
    impact_times_s: tuple[float, ...] = (5.0, 60.0, 600.0)
    impact_weights: tuple[float, ...] = (0.4, 0.3, 0.3)
    depth_growth: float = 0.0
    resting_share: float = 0.0
    regret_free: bool = False

    def __post_init__(self):
        times, weights = self.impact_times_s, self.impact_weights
        if len(times) != len(weights) or not 1 <= len(times) <= IMPACT_PARTS:
            raise ValueError(f"impact_times_s has {len(times)} entries and impact_weights "
                             f"{len(weights)}; there must be as many, 1 to {IMPACT_PARTS}")
        if min(times) <= 0 or min(weights) < 0 or abs(sum(weights) - 1.0) > 1e-6:
            raise ValueError(f"impact_times_s is {times} and impact_weights {weights}; times must "
                             f"be positive, weights not negative and add up to 1")
        if not (self.depth_per_tick > 0 and self.depth_growth >= 0):
            raise ValueError(f"depth_per_tick is {self.depth_per_tick} and depth_growth "
                             f"{self.depth_growth}; the first must be positive, the second not "
                             f"negative")
        if not (0 <= self.permanent_share <= 1 and 0 <= self.resting_share <= 1):
            raise ValueError(f"permanent_share is {self.permanent_share} and resting_share "
                             f"{self.resting_share}; shares must lie in [0, 1]")

    @classmethod
    def square_root(cls, daily_volume: float, daily_volatility_ticks: float, *,
                    prefactor: float = 1.3, knee: float = 2e-6, permanent: float = 0.2,
                    resting_share: float = 1.0) -> "Impact":
        """Parameters under which large orders move the price by the square-root law.

        An order of Q of the day's volume V, traded at once, moves the price by
        ``Y sigma sqrt(Q / V)`` (Toth et al. 2011 [2]_) where Q is far above the knee; decay while
        it is worked makes that less, by a third for an order of some minutes.

        Parameters
        ----------
        daily_volume : float
            V, in the profile's size unit.
        daily_volatility_ticks : float
            sigma, standard deviation of a day's change of the price, in ticks.
        prefactor : float
            Y before any decay.
        knee : float
            Q / V at which the linear law and the square-root law would move the price alike.
        permanent : float
            Permanent move of an order of 1 % of V, as a share of Y sigma sqrt(0.01).
        resting_share : float
            As above.
        """
        if not min(daily_volume, daily_volatility_ticks, prefactor, knee) > 0:
            raise ValueError(f"daily_volume, daily_volatility_ticks, prefactor and knee are "
                             f"{daily_volume}, {daily_volatility_ticks}, {prefactor} and {knee}; "
                             f"all must be positive")
        scale = prefactor * daily_volatility_ticks
        transient_depth = daily_volume * knee**0.5 / scale  # f(u) = u at the knee
        ratio = permanent * transient_depth * scale / (_LARGE**0.5 * daily_volume)
        share = ratio / (1.0 + ratio)
        return cls(depth_per_tick=transient_depth * (1.0 - share), permanent_share=share,
                   impact_times_s=_LADDER_TIMES_S, impact_weights=_LADDER_WEIGHTS,
                   depth_growth=2.0 / (scale * knee**0.5), resting_share=resting_share,
                   regret_free=True)


@dataclass(frozen=True)
class VolumeCurve:
    """How activity is spread over the day.

    Parameters
    ----------
    volume_curve : tuple of float
        Positive weights of equally wide bins from open to close; arrivals follow them, and the
        volatility of F their square root.
    """

    volume_curve: tuple[float, ...]


@dataclass(frozen=True)
class Regime:
    """One regime: how long it lasts on average, and what it does to the market.

    `activity` multiplies arrivals, `volatility` the standard deviation of F, `trend_bps_per_min`
    is added to its drift, `slack_ticks` to the makers' slack (negative widens the spread).
    """

    name: str
    mean_minutes: float
    activity: float = 1.0
    volatility: float = 1.0
    trend_bps_per_min: float = 0.0
    slack_ticks: float = 0.0


@dataclass(frozen=True)
class Regimes:
    """A Markov chain of regimes: memoryless lengths, then any other with equal chance.

    Parameters
    ----------
    regimes : tuple of Regime
        At least one; changes happen at whole minutes, from a random stream of its own.
    """

    regimes: tuple[Regime, ...]


@dataclass(frozen=True)
class Shock:
    """Something that happens to a market once: from when, for how long, and what it does.

    Parameters
    ----------
    name : str
        For whom reads the profile.
    shock_start_s, shock_minutes : float
        Seconds after midnight, and minutes, > 0. What it does holds in whole minutes of the day.
    activity : float
        Factor of all arrivals, > 0. The variance of F goes with it.
    volatility : float
        Factor of the standard deviation of F besides, >= 0; ``activity**-0.5`` leaves F as it was.
    slack_ticks : float
        Added to the makers' slack; negative widens the spread.
    """

    name: str
    shock_start_s: float
    shock_minutes: float
    activity: float = 1.0
    volatility: float = 1.0
    slack_ticks: float = 0.0


@dataclass(frozen=True)
class Shocks:
    """What happens on one day: a widened spread, a drought of volume, a rush before the close.

    Unlike `Regimes` they are told, not drawn: who draws them (`lobsim.market.trading_days`) can
    let something happen to one name alone, or to all names at one time. Where shocks overlap,
    their factors are multiplied and their slacks added.

    Parameters
    ----------
    shocks : tuple of Shock
    """

    shocks: tuple[Shock, ...] = ()
