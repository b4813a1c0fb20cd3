"""Parts that send orders: the crowd in four forms, takers, and large traders."""

from dataclasses import dataclass, field

import numpy as np


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
    limit_tail, limit_scale_ticks : float
        If `limit_tail` is positive, limit orders are placed behind the best quote of their *own*
        side instead: at least i = 0, 1, ... ticks with the chance ``(1 + i / limit_scale_ticks) **
        -limit_tail``, up to `limit_levels`; `limit_rate_per_s` is then that of all arrivals, per
        side. The tail of real orders is between 0.6 [2]_ and 1.5 [3]_; it leaves gaps of many
        ticks in the book of a dear share, whose widths no size of an order tells.
    inside_share : float
        Share of the limit orders that are placed within the spread, any tick of it alike; where
        the spread is one tick, they join the best quote.
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
    .. [2] J.-P. Bouchaud, M. Mezard, M. Potters, "Statistical properties of stock order books:
       empirical results and models", Quantitative Finance 2(4), 2002, section 2.
    .. [3] I. Zovko, J. D. Farmer, "The power of patience: a behavioural regularity in limit-order
       placement", Quantitative Finance 2(5), 2002, section 3.
    """

    limit_rate_per_s: float
    cancel_rate_per_s: float
    limit_decay: float = 0.5
    limit_levels: int = 5
    limit_tail: float = 0.0
    limit_scale_ticks: float = 1.0
    inside_share: float = 0.0
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
    meta_most_orders : float
        Where the tail of their lengths is cut off, in orders.
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
    widest_spread_ticks : int
        Takers stay away while the spread is wider than this; 0 (the default) for takers who do not
        mind. Who takes waits for a narrow spread (Biais, Hillion, Spatt 1995 [3]_).
    surprise_ticks, expected_share : float
        How far makers move the price after an order on a side that they did not expect at all;
        they expect an exponential average of the sides before (Madhavan, Richardson, Roomans 1997
        [2]_), times `expected_share`. It comes on top of the path of `Fundamental`, whose exogenous
        part it leaves alone.

    References
    ----------
    .. [1] F. Lillo, S. Mike, J. D. Farmer, "Theory for long memory in supply and demand",
       Physical Review E 71, 2005.
    .. [2] A. Madhavan, M. Richardson, M. Roomans, "Why do security prices change? A
       transaction-level analysis of NYSE stocks", Review of Financial Studies 10(4), 1997.
    .. [3] B. Biais, P. Hillion, C. Spatt, "An empirical analysis of the limit order book and the
       order flow in the Paris Bourse", Journal of Finance 50(5), 1995, section III.
    """

    market_rate_per_s: float
    market_sizes: tuple[tuple[float, float], ...] = ((1, 1.0),)
    meta_min_orders: float = 1.0
    meta_most_orders: float = 1000.0
    meta_informed_share: float = 0.0
    informed_share: float = 0.0
    lookahead_s: float = 0.0
    bursts: tuple[tuple[float, float], ...] = ()
    sweep_share: float = 0.0
    widest_spread_ticks: int = 0
    surprise_ticks: float = 0.0
    expected_share: float = 1.0

    def __post_init__(self):
        total = sum(share for share, _ in self.bursts)
        if not total < 1 or any(share < 0 or time <= 0 for share, time in self.bursts):
            raise ValueError(f"bursts is {self.bursts}; branching must not be negative and add up "
                             f"to less than 1, times must be positive")
        if len(self.bursts) > 2:
            raise ValueError(f"bursts has {len(self.bursts)} entries; at most 2 are allowed")


@dataclass(frozen=True)
class Hidden:
    """Hidden orders within the spread, which takers of the crowd meet first.

    A market order meets, with the chance `hidden_share`, a hidden order of the other side at any
    tick within the spread alike; it never shows in a quote, and what the taker leaves of it stays
    hidden. A fifth to a third of the executions in the real small-tick samples (`SAMPLES` of
    `lobsim.analytics.targets`: AAPL, AMZN, GOOG in 2012) are of this kind; where such orders are
    put is found out in [1]_. Own orders meet none.

    On a recorded tape it is an order of the owner `HIDDEN` (`lobsim.market.state`) that rests for
    no time at all: the engine makes the same trades of the tape, and facts of orders leave it out.

    Parameters
    ----------
    hidden_share : float
        0 to 1.

    References
    ----------
    .. [1] N. Hautsch, R. Huang, "On the dark side of the market: identifying and analyzing hidden
       order placements", SFB 649 Discussion Paper 2012-014, 2012.
    """

    hidden_share: float


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
