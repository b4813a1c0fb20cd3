"""`lobsim/MarketMaking-v0`: quoting in a real book, with a queue, fees, latency and trends."""

import math

import numba
import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode

from lobsim.engine.units import Grid
from lobsim.envs import making_kernel as kernel
from lobsim.envs.making_core import MakingCore
from lobsim.envs.vector import KernelVectorEnv, ScalarOf
from lobsim.market.arguments import checked_window
from lobsim.market.parts import Fees, Predator, Regime, Regimes
from lobsim.market.profiles import find_profile
from lobsim.market.state import NS

__all__ = ["MAKER_REBATE", "QUIET", "TRENDS", "MarketMakingEnv", "MarketMakingVectorEnv"]

TRENDS = Regimes((Regime("calm", 6.0), Regime("up", 4.0, trend_bps_per_min=3.0),
                  Regime("down", 4.0, trend_bps_per_min=-3.0)))
"""Minutes of drift of about one standard deviation of a minute's change."""

MAKER_REBATE = Fees(maker_fee=-1.5, taker_fee=5.0, fee_unit="bps")
"""A venue that pays its makers. For one who looks once a second no symmetric or leaning quotes at
0.5 to 30 ticks were found to pay on BTC-USD without it: the price jumps, and they are hit then."""

WEIGHTS = {"spread": 1.0, "adverse": 1.0, "inventory": 1.0, "fees": 1.0, "risk": 1.0,
           "news": 0.0, "foresight": 0.0}
"""Weights of the reward's terms."""

QUIET = {"news": -1.0, "foresight": 1.0}
"""Weights for training: the noise of the outer price is taken out, fills are marked to what is
foreseen. The optimum (without discount) stays; the simulator's own knowledge is used, which no
trader has, so an agent is judged without."""


class MarketMakingVectorEnv(KernelVectorEnv):
    r"""N market makers, each alone in a book of his own, stepped together in a few Numba calls.

    **Description.** A maker keeps a bid and an ask in the book of a simulated venue
    (`lobsim.Market`): his orders rest in the true queue, are filled by the true flow, and move the
    price as `lobsim.market.parts.Impact` says. At every look he quotes anew; an order that rests
    where it should keeps its place, others are cancelled and posted (post-only) again. By default
    the price has spells of trend that nobody is told of.

    **Action space.** ``Box(-1, 1, (2,), float32)``, with ``sizes=True`` four numbers; cut to it:

    ===== ============================================================================
    index meaning
    ===== ============================================================================
    0     half-spread :math:`h = (1 + a_0) \cdot` `half_spread_ticks`
    1     skew :math:`u = a_1 \cdot` `max_skew_ticks`: both quotes are moved up by it
    2, 3  size of bid and ask, :math:`(1 + a)/2` of `quote_size`, whole lots; 0 = no quote
    ===== ============================================================================

    Bid and ask lie at ``mid - h + u`` and ``mid + h + u``, rounded to the tick (halves away from
    the mid); one that would trade at once waits a tick before the other side's best price. Sizes
    are cut to the room that `max_inventory` leaves, whatever the latency: what may still be filled
    counts as filled.

    **Observation space.** float32; scaled by the standard deviation of a step's price change
    ("std"), averages to variance 1 for a random walk:

    ===== ======================================= ========================== ===== =====
    index name                                    unit                       min   max
    ===== ======================================= ========================== ===== =====
    0     inventory                               `max_inventory`            -1    1
    1     time left                               session                    0     1
    2     spread                                  10 ticks                   0     10
    3     imbalance of the best sizes             share                      -1    1
    4     imbalance within 5 ticks of the best    share                      -1    1
    5     order-flow imbalance since last look    share of the best sizes    -1    1
    6     signed volume of takers since then      expected volume of a step  -10   10
    7     change of the mid since then            std                        -10   10
    8     its average over `fast_s`               std                        -10   10
    9     its average over `slow_s`               std                        -10   10
    10    root of its mean square over `slow_s`   std                        0     10
    11    own bid's distance from the mid         `half_spread_ticks`        -10   10
    12    own ask's distance from the mid         `half_spread_ticks`        -10   10
    13    share of its price's lots before it     bid; -1 = does not rest    -1    1
    14    the same for the ask                    share                      -1    1
    ===== ======================================= ========================== ===== =====

    With ``blind=True`` columns 3 to 10 are 0. With latency everything is what could be known.

    **Reward.** :math:`\sum_j w_j r_j /` `reward_scale`, money terms in currency:

    ========= =======================================================================
    spread    sum over the step's fills of side x size x (mid before the step - price)
    adverse   change of the inventory in the step x change of the mid
    inventory inventory before the step x change of the mid
    fees      less the fees paid
    risk      :math:`-\tfrac12\gamma\sigma^2q^2\,dt`, q after the step, sigma the profile's
    news      inventory before the step x what of the change of the exogenous price, seen
              as far ahead as informed takers do, its trend did not lead to expect
    foresight change of :math:`\Phi` = inventory x (the price that informed takers believe
              in - mid), which is 0 at both ends
    ========= =======================================================================

    The first four add up to the change of wealth (cash and inventory at the mid) at every step.
    The last two weigh 0 by default and are for training (``weights=QUIET``): `news` has mean zero
    whatever a maker does and is most of the noise, so ``{"news": -1}`` takes it out as a control
    variate; `foresight` is a potential (Ng, Harada, Russell 1999), which charges an adverse fill
    at once and not when the mid follows. They use what no trader knows.

    **Starting state.** The market of the episode's seed at `start_s`, no orders, no inventory.

    **Episode end.** After `session_s` it *terminates*: the time left is observed. Then all orders
    are withdrawn and with ``flatten=True`` the inventory is taken out of the book, all as part of
    the last step; what cannot be is valued at the mid. Nothing truncates.

    **Info** at every step: ``wealth, cash`` (fees deducted) ``, inventory, mid, fees`` (so far),
    ``bid, ask`` (own quotes that should rest, 0 = none), the terms ``spread_gain, adverse_gain,
    inventory_gain, fee_gain, risk_penalty, news_gain, foresight_gain`` of this step, and counts
    since the start: ``fills, orders_sent, cancels_sent, refused``.

    Parameters
    ----------
    num_envs : int
    profile : str or Profile
        Without a `Predator`.
    parts : sequence of parts
        Put into the profile: regimes, latency, and others; `TRENDS` and `MAKER_REBATE` by default.
        ``parts=()`` leaves the profile as it is (BTC-USD then charges makers 2 bps).
    start_s, session_s, interval_s : float
        Seconds after midnight, length, time between looks; a whole number of looks.
    quote_size, max_inventory : float
        In the market's unit, whole lots.
    half_spread_ticks, max_skew_ticks : float
        Scales of the actions.
    sizes : bool
    risk_aversion : float
        gamma >= 0, 1 / currency.
    weights : mapping of str to float
        Of the reward's terms, in place of those of `WEIGHTS`.
    reward_scale : float
        Currency that counts as 1.
    flatten, blind : bool
    fast_s, slow_s : float
        Memory of the averages, at least one look.
    jump_std : float
        Changes of the mid are cut to this many std before they enter columns 8 and 9, above 0.
        Where most of the variance is jumps, as on BTC-USD, a trend is then seen in a fraction of
        the time; infinite (nothing is cut) by default.
    threads : int
        Of Numba, that run the markets; 1 is faster for few of them, see ``lobsim bench market``.
    autoreset_mode, info, copy
        As in `KernelVectorEnv`.

    **Version.** v0.

    Examples
    --------
    >>> env = MarketMakingVectorEnv(2, session_s=10)
    >>> obs, info = env.reset(seed=1)
    >>> obs, reward, terminated, truncated, info = env.step(np.zeros((2, 2)))
    >>> bool((info["ask"] > info["bid"]).all())
    True
    """

    sum_names = ("spread_gain", "adverse_gain", "inventory_gain", "fee_gain", "risk_penalty",
                 "news_gain", "foresight_gain")

    def __init__(self, num_envs: int = 1, *, profile="BTC-USD", parts=(TRENDS, MAKER_REBATE),
                 start_s: float = 36_000.0, session_s: float = 600.0, interval_s: float = 1.0,
                 quote_size: float = 0.02, max_inventory: float = 0.1,
                 half_spread_ticks: float = 5.0, max_skew_ticks: float = 10.0, sizes: bool = False,
                 risk_aversion: float = 0.1, weights=None, reward_scale: float = 1.0,
                 flatten: bool = True, blind: bool = False, fast_s: float = 10.0,
                 slow_s: float = 60.0, jump_std: float = math.inf, threads: int = 1,
                 autoreset_mode=AutoresetMode.SAME_STEP, info: str = "all",
                 copy: bool = True) -> None:
        self.profile = find_profile(profile).with_parts(*parts)
        checked_window(self.profile, start_s, start_s + session_s)
        if self.profile.part(Predator):
            raise ValueError("the profile has a Predator, whose memory the takers' signed volume "
                             "is read from; use a profile without")
        looks = session_s / interval_s if interval_s > 0 else 0.0
        if looks < 1 or abs(looks - round(looks)) > 1e-6:
            raise ValueError(f"session_s is {session_s} and interval_s {interval_s}; the first "
                             f"must be a whole number of the second")
        for name, value, least in (("half_spread_ticks", half_spread_ticks, 0),
                                   ("max_skew_ticks", max_skew_ticks, 0),
                                   ("reward_scale", reward_scale, 0)):
            if not least < value < math.inf:
                raise ValueError(f"{name} is {value}; it must be a number above 0")
        for name, value in (("fast_s", fast_s), ("slow_s", slow_s)):
            if not interval_s <= value < math.inf:
                raise ValueError(f"{name} is {value}; it must be at least interval_s, {interval_s}")
        if not jump_std > 0:
            raise ValueError(f"jump_std is {jump_std}; it must be above 0")
        if not 0 <= risk_aversion < math.inf:
            raise ValueError(f"risk_aversion is {risk_aversion}; it must not be negative")
        if not 1 <= threads <= numba.config.NUMBA_NUM_THREADS:
            raise ValueError(f"threads is {threads}; it must be from 1 to "
                             f"{numba.config.NUMBA_NUM_THREADS}, the cores of this machine")
        self.threads, self.flatten = int(threads), bool(flatten)
        self.weights = WEIGHTS | dict(weights or {})
        if set(self.weights) != set(WEIGHTS):
            raise ValueError(f"weights has {sorted(set(self.weights) - set(WEIGHTS))}; the terms "
                             f"are {', '.join(WEIGHTS)}")
        self.steps, self.interval_s = round(looks), float(interval_s)
        self.start_s, self.risk_aversion = float(start_s), float(risk_aversion)
        self.quote_size, self.max_inventory = float(quote_size), float(max_inventory)
        self.half_spread_ticks = float(half_spread_ticks)
        self.max_skew_ticks, self.sizes = float(max_skew_ticks), bool(sizes)
        self._start_ns = round(start_s * NS)
        terms = self._make_terms(reward_scale, blind, fast_s, slow_s, jump_std)
        low = np.array([-1, 0, 0] + [-1] * 3 + [-kernel.CUT] * 4 + [0] + [-kernel.CUT] * 2
                       + [-1] * 2, np.float32)
        high = np.array([1, 1, kernel.CUT] + [1] * 3 + [kernel.CUT] * 7 + [1] * 2, np.float32)
        width = 4 if sizes else 2
        core = MakingCore(num_envs, (len(low), width), self.profile, self._start_ns, terms,
                          self.flatten, self.threads)
        super().__init__(core, Box(low, high), Box(-1.0, 1.0, (width,), np.float32),
                         autoreset_mode, info, copy)

    def _make_terms(self, scale, blind, fast_s, slow_s, jump_std) -> np.ndarray:
        profile, k = self.profile, kernel
        lots = Grid(profile.lot_size, "lot_size")
        sizes = {}
        for name in ("quote_size", "max_inventory"):
            sizes[name] = lots.units(getattr(self, name))
            if not sizes[name] or sizes[name] < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; {profile.name} trades whole "
                                 f"lots of {profile.lot_size:g} {profile.size_unit}")
        fees = profile.part(Fees) or Fees()
        terms = np.zeros(k.T_SIZE)
        terms[k.T_START], terms[k.T_INTERVAL] = self._start_ns, round(self.interval_s * NS)
        terms[k.T_STEPS], terms[k.T_LIMIT] = self.steps, sizes["max_inventory"]
        terms[k.T_QUOTE], terms[k.T_SIZES] = sizes["quote_size"], self.sizes
        terms[k.T_HALF], terms[k.T_SKEW] = self.half_spread_ticks, self.max_skew_ticks
        terms[k.T_TICK], terms[k.T_LOT] = profile.tick_size, profile.lot_size
        terms[k.T_UNITS] = 1.0 / profile.lot_size
        terms[k.T_MAKER], terms[k.T_TAKER] = fees.maker_fee, fees.taker_fee
        terms[k.T_SHARE], terms[k.T_CANCEL] = fees.share_fee, fees.cancel_fee
        terms[k.T_PER_UNIT] = fees.fee_unit == "per_share"
        per_step = profile.volatility_ticks_per_sqrt_s * math.sqrt(self.interval_s)
        terms[k.T_STEP_STD] = per_step or 1.0
        money = per_step * profile.tick_size * profile.lot_size
        terms[k.T_RISK] = 0.5 * self.risk_aversion * money**2
        terms[k.T_BLIND] = blind
        day_s = profile.day_end_s - profile.day_start_s
        terms[k.T_VOLUME] = (profile.daily_volume / profile.lot_size * self.interval_s / day_s
                             or 1.0)
        terms[k.T_SCALE], terms[k.T_JUMP] = scale, jump_std
        terms[k.T_FAST], terms[k.T_SLOW] = self.interval_s / fast_s, self.interval_s / slow_s
        for entry, name in ((k.T_SPREAD, "spread"), (k.T_ADVERSE, "adverse"),
                            (k.T_INVENTORY, "inventory"), (k.T_FEES, "fees"),
                            (k.T_RISK_WEIGHT, "risk"), (k.T_NEWS, "news"),
                            (k.T_FORESIGHT, "foresight")):
            terms[entry] = self.weights[name]
        return terms

    # -- quotes and actions ----------------------------------------------------------------------

    def actions_of(self, bid, ask) -> np.ndarray:
        """The actions that quote at these distances from the mid in ticks, cut to the action space.

        Parameters
        ----------
        bid, ask : array-like
            Infinite (no quote) becomes the farthest; sizes, where there are any, are whole quotes.

        Returns
        -------
        ndarray, shape (..., 2 or 4)
        """
        far = 2.0 * self.half_spread_ticks + self.max_skew_ticks
        bid, ask = (np.minimum(np.asarray(side, dtype=float), far) for side in (bid, ask))
        half, shift = 0.5 * (bid + ask), 0.5 * (ask - bid)
        ones = [np.ones_like(half)] * 2 if self.sizes else []
        return np.clip(np.stack([half / self.half_spread_ticks - 1.0, shift / self.max_skew_ticks]
                                + ones, -1), -1.0, 1.0)

    def read(self, obs) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Inventory in quotes, seconds left, and the fast and slow averages of price changes."""
        obs = np.asarray(obs, dtype=float)
        return (obs[..., 0] * self.max_inventory / self.quote_size,
                obs[..., 1] * self.steps * self.interval_s, obs[..., 8], obs[..., 9])


class MarketMakingEnv(ScalarOf):
    """One maker of `MarketMakingVectorEnv`, whose docstring is the manual.

    Examples
    --------
    >>> env = MarketMakingEnv(session_s=10)
    >>> obs, info = env.reset(seed=1)
    >>> len(obs), info["inventory"]
    (15, 0.0)
    """

    many = MarketMakingVectorEnv
