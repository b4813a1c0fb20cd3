"""`lobsim/Execution-v0`: buy or sell a quantity within a horizon, in a book with a true queue."""

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_layout import OBSERVED_HIGH, OBSERVED_LOW
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.vector import KernelEnv, KernelVectorEnv
from lobsim.market import Market

__all__ = ["ExecutionEnv", "ExecutionVectorEnv"]


def _spaces(settings: ExecutionSettings) -> tuple[spaces.Box, spaces.Space]:
    """Spaces of one environment: observations and actions."""
    depth = 2 * settings.depth_levels
    seen = spaces.Box(np.array(OBSERVED_LOW + (0,) * depth, np.float32),
                      np.array(OBSERVED_HIGH + (1,) * depth, np.float32))
    if settings.discrete_actions:
        return seen, spaces.Discrete(settings.discrete_actions)
    if settings.actions in ("continuous", "pace"):
        count = 2 if settings.actions == "continuous" else 1
        return seen, spaces.Box(-1.0, 1.0, (count,), np.float32)
    most = float(settings.lots)
    low, high = np.array([0.0, -1000.0, -1.0]), np.array([most, 1000.0, most])
    return seen, spaces.Box(low, high, dtype=np.float64)


class ExecutionEnv(KernelEnv):
    r"""Buy or sell a quantity within a horizon; the agent says how, decision by decision.

    The market is `lobsim.Market`: own orders rest in the true queue and take true depth, are
    filled in part, cancelled and replaced with the latency and the fees of the profile, and the
    crowd's price responds to them. Nothing that an agent sees is hidden from a trader, and with
    latency it sees the market as it was.

    .. code-block:: python

        import gymnasium, lobsim.envs
        env = gymnasium.make("lobsim/Execution-v0", side="buy", horizon_s=3600)
        envs = gymnasium.make_vec("lobsim/Execution-v0", num_envs=64)  # one compiled call a step

    Observations
    ------------
    float32, 18 columns, and 2 K more with ``depth_levels=K``. *Own side* is the bid for a buy and
    the ask for a sale; "against" means that the price moves away from the order: up for a buy.

    ===== ================= ==================================== ========================== === ===
    index name              meaning                              scaling                    min max
    ===== ================= ==================================== ========================== === ===
    0     ``time_left``     time left                            share of the horizon       0   1
    1     ``left``          size left                            share of the quantity      0   1
    2     ``behind``        schedule less what is filled         5 slices                   -1  1
    3     ``resting``       own size resting                     share of the size left     0   1
    4     ``rest_distance`` oldest own order below the own best  5 ticks                    -1  1
    5     ``queue_ahead``   size ahead of it                     share of the size there    0   1
    6     ``filled_step``   filled in the last step              slices                     0   5
    7     ``spread``        best ask less best bid               5 ticks                    0   4
    8     ``imbalance``     own less other side, at the best     share of both; > 0 against -1  1
    9     ``imbalance_5``   the same over five levels            share of both              -1  1
    10    ``ofi``           order flow imbalance of the step, x  x/(1+|x|), x in queues     -1  1
    11    ``move``          mid against, last step               its standard deviation     -5  5
    12    ``trend``         the same, average over about 6 steps the same                   -5  5
    13    ``swing``         average size of moves, about 6 steps what the profile expects   0   5
    14    ``volume``        volume of the last step              what the day expects       0   5
    15    ``from_arrival``  mid less arrival price, against      horizon's std deviation    -5  5
    16    ``own_depth``     size d at the own best               d/(d + a typical queue)    0   1
    17    ``other_depth``   size d at the other best             d/(d + a typical queue)    0   1
    18+   ``own_level_1``   others' size d at the K best prices, d/(d + a typical queue)    0   1
          ...               own side, best first
    18+K+ ``other_level_1`` the same of the other side           d/(d + a typical queue)    0   1
          ...
    ===== ================= ==================================== ========================== === ===

    Order flow is sampled each second. With ``blind=True`` the columns from 7 on are 0.

    The levels of `depth_levels` are the prices at which somebody else rests, with nothing for the
    empty ones between them; where there are fewer than K, the last columns are 0. Own orders are
    not counted, unlike in columns 7 to 9, 16 and 17: columns 3 to 5 tell of them, and an agent
    shall not take its own order for the crowd's interest, nor see every level move by one place
    when it improves on the best.

    Actions
    -------
    A *slice* is what an even schedule trades in `slice_s`. ``actions="discrete"``: 2 + 4
    ``len(sizes)`` actions with the default `offsets`, (0, 1, -1):

    ======== ===================================================================================
    0        wait: leave everything as it is
    1        withdraw all own orders
    2 + 4 k  *join*: let ``sizes[k]`` slices rest at the own best price
    3 + 4 k  *improve*: one tick better, but never at the other side's price
    4 + 4 k  *deeper*: one tick worse
    5 + 4 k  *cross*: take ``sizes[k]`` slices by a market order; what rests stays
    ======== ===================================================================================

    Other `offsets` put another price in the place of each of the three, in their order, and
    as many actions before the *cross* of a size as there are of them.

    ``actions="continuous"``: Box(-1, 1, (2,)). The first is an offset of
    ``round(a max_offset_ticks)`` ticks from the own best, positive = better; at the most it
    crosses. The second is a size of ``(a + 1) / 2 * max_slices`` slices; 0 withdraws.

    ``actions="pace"``: Box(-1, 1, (1,)). The schedule is moved by ``a max_shift_s`` seconds,
    positive = trade sooner: what was due more than a slice before on it is crossed, what is due
    within a slice rests at the own best. In the last slice all that is left is crossed. With
    `shift_levels` it is Discrete instead: so many shifts, evenly from the latest to the soonest.

    ``actions="orders"`` is for hand-written rules: lots to cross, offset in ticks, lots to rest
    (-1: leave what rests).

    Orders at the right price keep their place in the queue: too much is reduced, too little gets a
    second order behind; all else is cancelled, and new orders are sent when that is confirmed, so
    that never more than the quantity trades. Resting orders are post-only.

    Rewards
    -------
    :math:`r_k = -\sum_i w_i c_{i,k}` with named costs in basis points of the order's value at
    arrival and weights by `reward`: see `lobsim.envs.rewards`. Every term is in ``info``.

    Starting state
    --------------
    The whole order is open, nothing rests, and the market is in the state in which
    ``lobsim.Market(profile, market_seed, start_s)`` opens.

    Episode end
    -----------
    *Terminates* when the quantity is filled, or at the horizon: the deadline is part of the task
    and of the observation. Then what rests is cancelled and what is left is priced by walking the
    book, with the taker's fee. Nothing truncates.

    Information
    -----------
    ``time_s`` since the start; ``left``, ``filled``, ``position`` (signed), ``resting``,
    ``maker_filled``, ``volume`` of the market, in the profile's unit; ``cash``, ``fees``, ``mid``,
    ``arrival_price`` in currency; ``shortfall_bps``, marked to the mid until the end, and
    ``news_bps``, its control variate, both since the start; each term of the reward for the step
    (``fees_step_bps`` ...; ``risk`` in bps^2). At every step
    ``shortfall_bps`` is ``(-cash + s * left * mid) / (quantity * arrival_price) - s`` in bps, s = 1
    for a buy and -1 for a sale, but for the leftover's price at the end.

    Parameters
    ----------
    profile : str or Profile
        Market: a name of `lobsim.profiles`, or one of your own.
    side : str or int
        "buy", "sell", +1, -1, or "random" (each episode).
    quantity : float
        In the profile's unit, > 0, whole lots.
    horizon_s : float
        Seconds, > 0; start and end lie in the profile's day.
    interval_s : float
        Seconds between decisions, > 0, at most the horizon.
    start_s : float or (float, float)
        Seconds after midnight, or a range in which each episode starts at a whole second.
    actions : str
        "discrete", "continuous", "pace" or "orders".
    slice_s : float
        Seconds of the even schedule that make a slice, > 0.
    sizes : tuple of float
        Slices of the discrete actions, each > 0.
    offsets : tuple of int
        Ticks better than the own best (negative: worse) at which discrete actions let rest.
    max_slices : float
        Largest size of a continuous action, > 0.
    max_offset_ticks : int
        Of a continuous action, at least 1.
    max_shift_s : float
        Of ``actions="pace"``, > 0.
    shift_levels : int, optional
        Of ``actions="pace"``: how many shifts there are to choose from, at least 2.
    schedule : str
        "vwap" (the profile's expected volume) or "twap": for column 2, the guard and tracking.
    ahead_s : float, optional
        What would be more than this many seconds ahead of the schedule is neither crossed nor
        rested. At least 0; None = no limit. What rests already is left.
    guard_s : float, optional
        Schedule guard: what is more than this many seconds behind the schedule is crossed at the
        next decision. At least 0; None = no guard.
    reward : str or mapping
        Name of `lobsim.envs.rewards.REWARDS` or weights of its terms.
    discount : float
        Gamma of the potential-based term, 0 to 1; that of the learner.
    blind : bool
        Hide the market's columns: how much of an agent's gain is its patience?
    depth_levels : int
        K of the observation, 0 to 100: how many levels of each side have columns of their own
        (`lobsim.agents.networks.DepthConv` looks at them).
    parts : tuple
        Parts added to the profile (`lobsim.market.parts`): latency, fees, fill rules ...
    randomise : mapping or callable, optional
        Domain randomisation, `lobsim.envs.randomise.drawn_profile`: ranges of parameters, or
        ``f(rng, profile) -> profile``, drawn from the episode's seed.
    info : str
        "all": every step tells all of the above; "end": only the first and the last one, which is
        faster.

    Version history
    ---------------
    v0: first version.
    """

    def __init__(self, profile="SPY", *, render_mode: None = None, info: str = "all", **settings):
        checked = ExecutionSettings(profile, **settings)
        super().__init__(ExecutionCore(1, checked), *_spaces(checked), info)
        if render_mode is not None:
            raise ValueError(f"render_mode is {render_mode!r}; this environment draws nothing")

    def _rows(self, action):
        return action if self._core.takes_numbers else [action]

    @property
    def market(self) -> Market:
        """The market behind the episode, to look at (``env.unwrapped.market.depth()``)."""
        return self._core.market(0)

    @property
    def depth_levels(self) -> int:
        """Levels of each side in the last columns of an observation."""
        return self._core.settings.depth_levels


class ExecutionVectorEnv(KernelVectorEnv):
    """N `ExecutionEnv` advanced by one compiled call; ``gymnasium.make_vec`` makes it.

    Environment i takes the path of ``ExecutionEnv`` reset with seed + i, bit for bit, for any N.

    Parameters
    ----------
    num_envs : int
    autoreset_mode, info, copy
        As in `lobsim.envs.vector.KernelVectorEnv`.
    threads : int
        That advance environments side by side, 1 to 64, a core each; no result depends on it.
    **settings
        As in `ExecutionEnv`.
    """

    def __init__(self, num_envs: int = 1, *, profile="SPY", render_mode: None = None,
                 autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
                 info: str = "all", copy: bool = True, threads: int = 1, **settings):
        checked = ExecutionSettings(profile, **settings)
        super().__init__(ExecutionCore(num_envs, checked, threads), *_spaces(checked),
                         autoreset_mode, info, copy)

    def market(self, i: int) -> Market:
        """The market behind environment `i`, to look at."""
        return self._core.market(i)

    @property
    def depth_levels(self) -> int:
        """Levels of each side in the last columns of an observation."""
        return self._core.settings.depth_levels
