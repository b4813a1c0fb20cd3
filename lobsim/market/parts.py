"""The parts that a market is made of: small frozen sets of documented parameters.

A profile holds a tuple of parts, at most one of each class; the kernel runs those that are there.

========================== ====================================================================
who sends orders           `ZeroIntelligence`, `Hawkes`, `QueueReactive` or `Recorded` (one of
                           them), `Takers`, `Metaorders`, `Predator`
what they know             `Fundamental`, `Makers`
when                       `VolumeCurve`, `Regimes`
what own trades do         `Impact`
the venue                  `Fees`, `Latency`, `Halts`, `FillRule`
========================== ====================================================================

Names of parameters are unique over all parts, so that `Profile.with_changes` finds them. Rates are
per second of the *average* minute of the day; distances and edges are in ticks.
"""

from dataclasses import dataclass, field

import numpy as np

from lobsim.market.state import IMPACT_PARTS


@dataclass(frozen=True)
class ZeroIntelligence:
    """Limit orders and cancellations of a crowd without a plan (Cont, Stoikov, Talreja 2010 [1]_).

    Limit orders arrive on each side at distance i = 1, 2, ... ticks from the best quote of the
    *opposite* side; each resting order is cancelled at a rate of its own.

    Parameters
    ----------
    limit_rate_per_s : float
        Arrivals at distance 1, per side.
    limit_decay, limit_levels : float, int
        Rate at distance i is ``limit_rate_per_s * i**-limit_decay``, i = 1..limit_levels (eq. 3).
    limit_sizes : tuple of (size, probability)
        Whole shares take these sizes; fractions of a coin take those in between as well.
    cancel_rate_per_s : float
        Rate of each resting order (theta); one cancellation in sixteen is partial when
        `partial_cancels` is set.
    limit_shape, cancel_shape : tuple of float
        If given, rates at distances 1, 2, ... relative to the rate at distance 1 (theta(i) of the
        paper for cancellations); beyond the last entry limit orders do not arrive and the last
        cancellation rate holds.

    References
    ----------
    .. [1] R. Cont, S. Stoikov, R. Talreja, "A stochastic model for order book dynamics",
       Operations Research 58(3), 2010, section 2.
    """

    limit_rate_per_s: float
    cancel_rate_per_s: float
    limit_decay: float = 0.5
    limit_levels: int = 5
    limit_sizes: tuple[tuple[float, float], ...] = ((1, 1.0),)
    limit_shape: tuple[float, ...] = ()
    cancel_shape: tuple[float, ...] = ()
    partial_cancels: bool = True


@dataclass(frozen=True)
class Hawkes:
    """Limit, cancel and market orders that excite one another (Bacry et al. 2015 [1]_).

    Event types are 0 limit bid, 1 limit ask, 2 cancel bid, 3 cancel ask, 4 market buy, 5 market
    sell; the intensity of type i is

    .. math:: \\lambda_i(t) = c(t) \\mu_i
        + \\sum_p \\sum_{t_n < t} \\alpha_{p,i,j_n} e^{-\\beta_p (t - t_n)}

    with the intraday curve c(t). Limit orders keep the distances and sizes of `ZeroIntelligence`
    (whose rates are then not used), market orders the sizes of `Takers`.

    Parameters
    ----------
    hawkes_mu : tuple of 6 floats
        Baseline rates per second.
    hawkes_alpha : tuple of P matrices 6 x 6
        Jump of the intensity of type i (row) per event of type j (column), per second.
    hawkes_beta : tuple of P floats
        Decay rates, 1/s.

    Raises
    ------
    ValueError
        If shapes or signs are wrong, or the process is not stationary: the spectral radius of
        ``sum_p alpha_p / beta_p`` must be below 1.

    References
    ----------
    .. [1] E. Bacry, I. Mastromatteo, J.-F. Muzy, "Hawkes processes in finance", Market
       Microstructure and Liquidity 1(1), 2015, sections 2.1 and 2.3.
    """

    hawkes_mu: tuple[float, ...]
    hawkes_alpha: tuple
    hawkes_beta: tuple[float, ...]

    def __post_init__(self):
        alpha, beta = np.asarray(self.hawkes_alpha, float), np.asarray(self.hawkes_beta, float)
        if np.shape(self.hawkes_mu) != (6,) or beta.ndim != 1 or alpha.shape != (len(beta), 6, 6):
            raise ValueError(f"hawkes_mu, hawkes_alpha and hawkes_beta have the shapes "
                             f"{np.shape(self.hawkes_mu)}, {alpha.shape} and {beta.shape}; they "
                             f"must be (6,), (P, 6, 6) and (P,)")
        if min(self.hawkes_mu) < 0 or (alpha < 0).any() or (beta <= 0).any():
            raise ValueError("hawkes_mu and hawkes_alpha must not be negative, hawkes_beta must "
                             "be positive")
        if self.spectral_radius >= 1:
            raise ValueError(f"the spectral radius of alpha / beta is {self.spectral_radius:.3f}; "
                             f"it must be below 1, or the number of events explodes")

    @property
    def spectral_radius(self) -> float:
        """Largest modulus of the eigenvalues of the branching matrix; below 1 is stationary."""
        return float(np.abs(np.linalg.eigvals(self.branching)).max())

    @property
    def branching(self) -> np.ndarray:
        """Expected direct children of type i (row) per event of type j (column), shape (6, 6)."""
        beta = np.asarray(self.hawkes_beta, float)
        return (np.asarray(self.hawkes_alpha, float) / beta[:, None, None]).sum(axis=0)

    @property
    def mean_rates_per_s(self) -> np.ndarray:
        """Long-run rate of each type, ``(I - branching)^-1 mu``, shape (6,)."""
        return np.linalg.solve(np.eye(6) - self.branching, np.asarray(self.hawkes_mu, float))


@dataclass(frozen=True)
class QueueReactive:
    """Queues whose rates depend on their own length (Huang, Lehalle, Rosenbaum 2015 [1]_).

    K queues on each side of a reference price; sizes are counted in units of the average event
    size, n = ceil(volume / unit). When the mid moves and the first queue on that side is empty, the
    reference price follows by a tick with probability `theta`; the whole book is then drawn anew
    from its invariant law with probability `theta_reinit` (model III).

    Parameters
    ----------
    qr_limit, qr_cancel : tuple of K tuples of n_max + 1 floats
        Rates per second at queue i = 1..K with n = 0..n_max units before the event.
    qr_market : tuple of n_max + 1 floats
        Rate of market orders that hit the best queue, by its length.
    qr_unit : float
        Average event size, in the profile's size unit.
    theta, theta_reinit : float
        Probabilities in [0, 1].

    References
    ----------
    .. [1] W. Huang, C.-A. Lehalle, M. Rosenbaum, "Simulating and analyzing order book data: the
       queue-reactive model", JASA 110(509), 2015, sections 2.3 and 3.
    """

    qr_limit: tuple[tuple[float, ...], ...]
    qr_cancel: tuple[tuple[float, ...], ...]
    qr_market: tuple[float, ...]
    qr_unit: float
    theta: float = 0.5
    theta_reinit: float = 0.5

    def __post_init__(self):
        limit, cancel = np.asarray(self.qr_limit, float), np.asarray(self.qr_cancel, float)
        market = np.asarray(self.qr_market, float)
        if limit.ndim != 2 or limit.shape != cancel.shape or market.shape != limit.shape[1:]:
            raise ValueError(f"qr_limit, qr_cancel and qr_market have the shapes {limit.shape}, "
                             f"{cancel.shape} and {market.shape}; they must be (K, n + 1), the "
                             f"same, and (n + 1,)")
        if min(limit.min(), cancel.min(), market.min()) < 0:
            raise ValueError("rates of the queue-reactive model must not be negative")
        if not (0 <= self.theta <= 1 and 0 <= self.theta_reinit <= 1):
            raise ValueError(f"theta is {self.theta} and theta_reinit {self.theta_reinit}; "
                             f"probabilities must lie in [0, 1]")


@dataclass(frozen=True, eq=False)
class Recorded:
    """Recorded messages, played at their times, with own orders resting among them.

    A recorded taker meets own orders that stand before the recorded maker, who is then filled
    later or not at all. Messages about orders that have gone for that reason are counted as
    dropped (`Market.dropped`), like any message that the engine refuses.

    Parameters
    ----------
    messages, initial : ndarray of `MESSAGE`
        What happens, in order of time, and limit orders that build the book before it.
    """

    messages: np.ndarray
    initial: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=object))


@dataclass(frozen=True)
class Takers:
    """Market orders, taken at the best price only (a taker leaves what it does not find there).

    A single order follows the price that takers foresee (`Fundamental`, `lookahead_s` ahead) with
    probability `informed_share`; else it continues the running meta-order, whose heavy-tailed
    length (exponent 4/3) gives signs their long memory (Lillo, Mike, Farmer 2005 [1]_).

    Parameters
    ----------
    market_rate_per_s : float
        Mean rate.
    market_sizes : tuple of (size, probability)
    meta_min_orders : float
        Smallest meta-order, in orders.
    informed_share, meta_informed_share : float
        Chance that a single order, or a meta-order when it starts, follows the foreseen price.
    lookahead_s : float
        How far takers foresee it (at most 6.3 s).
    bursts : tuple of (branching, time_s)
        Each order excites the rate by ``branching / time_s``, which decays with that time: a
        Hawkes process with a sum of exponentials. The sum of the branching must be below 1; empty
        for Poisson arrivals.
    sweep_share : float
        Chance that an order takes at any price instead of leaving its rest.
    surprise_ticks : float
        How far makers move the price after an order on a side that they did not expect at all;
        they expect an exponential average of the sides before (Madhavan, Richardson, Roomans 1997
        [2]_). It comes on top of the path of `Fundamental`, whose exogenous part it leaves alone.

    References
    ----------
    .. [1] F. Lillo, S. Mike, J. D. Farmer, "Theory for long memory in supply and demand",
       Physical Review E 71, 2005.
    .. [2] A. Madhavan, M. Richardson, M. Roomans, "Why do security prices change? A
       transaction-level analysis of NYSE stocks", Review of Financial Studies 10(4), 1997.
    """

    market_rate_per_s: float
    market_sizes: tuple[tuple[float, float], ...] = ((1, 1.0),)
    meta_min_orders: float = 1.0
    meta_informed_share: float = 0.0
    informed_share: float = 0.0
    lookahead_s: float = 0.0
    bursts: tuple[tuple[float, float], ...] = ()
    sweep_share: float = 0.0
    surprise_ticks: float = 0.0

    def __post_init__(self):
        total = sum(share for share, _ in self.bursts)
        if not total < 1 or any(share < 0 or time <= 0 for share, time in self.bursts):
            raise ValueError(f"bursts is {self.bursts}; branching must not be negative and add up "
                             f"to less than 1, times must be positive")
        if len(self.bursts) > 2:
            raise ValueError(f"bursts has {len(self.bursts)} entries; at most 2 are allowed")


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
        Share of the variance that comes from the factor of the market's universe, -1 to 1; a
        negative value moves against it.
    """

    volatility_bps: float
    jump_share: float = 0.0
    jump_rate_per_s: float = 0.0
    vol_of_vol: float = 0.0
    trend_bps_per_min: float = 0.0
    common_share: float = 0.0


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
class Metaorders:
    """Large hidden orders of others, cut into many market orders.

    Parameters
    ----------
    metaorders_per_hour : float
        Poisson arrivals (one is worked at a time; those that arrive meanwhile are lost).
    metaorder_size, metaorder_tail : float
        Smallest size, and the tail exponent (1 or 1.5) of the Pareto law; at most 100 times it.
    metaorder_child_size, metaorder_interval_s : float
        Size of a slice, and the mean (exponential) time between two.
    """

    metaorders_per_hour: float
    metaorder_size: float
    metaorder_child_size: float
    metaorder_interval_s: float
    metaorder_tail: float = 1.5

    def __post_init__(self):
        if self.metaorder_tail not in (1.0, 1.5):
            raise ValueError(f"metaorder_tail is {self.metaorder_tail}; it must be 1 or 1.5")


@dataclass(frozen=True)
class Predator:
    """A trader who looks for one-sided flow on the public tape and trades ahead of the rest of it.

    Watches the signed size of all market orders, averaged over `predator_memory_s` and measured in
    its own slowly updated standard deviations. Beyond `predator_threshold` it takes in the
    direction of the flow, a slice every `predator_interval_s`, up to `predator_limit`; once the
    signal falls below half of that it unwinds in the same way.

    Parameters
    ----------
    predator_memory_s, predator_threshold : float
    predator_size, predator_limit : float
        Slice and largest position, in the profile's size unit.
    predator_interval_s : float
    """

    predator_size: float
    predator_limit: float
    predator_memory_s: float = 60.0
    predator_threshold: float = 3.0
    predator_interval_s: float = 2.0


@dataclass(frozen=True)
class Fees:
    """What the venue charges; negative values are rebates.

    Parameters
    ----------
    maker_fee, taker_fee : float
        Per unit if `fee_unit` is "per_share", of the notional in basis points if "bps".
    cancel_fee : float
        Currency per cancelled or replaced order.
    share_fee : float
        Currency per unit traded, on top of both (regulatory and clearing fees).
    """

    maker_fee: float = 0.0
    taker_fee: float = 0.0
    fee_unit: str = "per_share"
    cancel_fee: float = 0.0
    share_fee: float = 0.0

    def __post_init__(self):
        if self.fee_unit not in ("per_share", "bps"):
            raise ValueError(f"fee_unit is {self.fee_unit!r}; it must be 'per_share' or 'bps'")


@dataclass(frozen=True)
class Latency:
    """Delays between the trader and the venue, in seconds.

    The trader sees the venue as it was `feed_s` (plus jitter) ago; orders and cancels reach it
    `order_s` and `cancel_s` (plus jitter) after they were sent, and never overtake one another.
    Jitter is exponential with the given mean. Reports of own orders come through the same feed.

    Parameters
    ----------
    feed_s, order_s, cancel_s : float
    feed_jitter_s, order_jitter_s, cancel_jitter_s : float
    """

    feed_s: float = 0.0
    order_s: float = 0.0
    cancel_s: float = 0.0
    feed_jitter_s: float = 0.0
    order_jitter_s: float = 0.0
    cancel_jitter_s: float = 0.0

    def __post_init__(self):
        if min(self.__dict__.values()) < 0:
            raise ValueError(f"{self} has a negative delay; delays must not be negative")


@dataclass(frozen=True)
class Halts:
    """Trading halts: nothing is accepted but cancellations, and the price moves on unseen.

    Parameters
    ----------
    halts : tuple of (start_s, length_s)
        In order of time, seconds after midnight, not overlapping.
    """

    halts: tuple[tuple[float, float], ...]

    def __post_init__(self):
        end = -np.inf
        for start, length in self.halts:
            if start < end or length <= 0:
                raise ValueError(f"halts is {self.halts}; halts must follow one another and last "
                                 f"longer than 0 s")
            end = start + length


FILL_RULES = ("queue", "no_impact", "touch", "probability")


@dataclass(frozen=True)
class FillRule:
    """When own orders are filled. Without this part they are real orders in the real queue.

    Under every other rule own orders stay out of the book, so nobody can react to them; they are
    here to be compared with the truth.

    Parameters
    ----------
    fill_rule : str
        ``"queue"``: the default, real orders.

        ``"no_impact"``: an own order holds its exact place in the queue and is filled by whatever
        would have reached it, but takes nothing from others; a taking order walks the visible
        depth and leaves it there. The visible assumption that own orders do not matter.

        ``"touch"``: QuantConnect LEAN's equity rule. Taking orders are filled in full at the best
        quote, whatever its size; a resting order is filled in full at its price by the first trade
        strictly beyond it.

        ``"probability"``: a resting order at a distance of d ticks from the mid is filled in full
        with rate ``fill_rate_per_s * exp(-fill_decay_per_tick * d)``, as in Avellaneda and Stoikov
        (2008) [1]_, section 2.5; taking orders as under "touch".
    fill_rate_per_s, fill_decay_per_tick : float
        A and k of the last rule.

    References
    ----------
    .. [1] M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book", Quantitative
       Finance 8(3), 2008.
    """

    fill_rule: str = "queue"
    fill_rate_per_s: float = 1.0
    fill_decay_per_tick: float = 1.0

    def __post_init__(self):
        if self.fill_rule not in FILL_RULES:
            raise ValueError(f"fill_rule is {self.fill_rule!r}; it must be one of "
                             f"{', '.join(FILL_RULES)}")
        if self.fill_rate_per_s < 0 or self.fill_decay_per_tick < 0:
            raise ValueError("fill_rate_per_s and fill_decay_per_tick must not be negative")


PARTS = (ZeroIntelligence, Hawkes, QueueReactive, Recorded, Takers, Fundamental, Makers, Impact,
         VolumeCurve, Regimes, Metaorders, Predator, Fees, Latency, Halts, FillRule)
