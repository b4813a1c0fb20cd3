"""`lobsim/Portfolio-v0`: a desk's day, the blocks of its clients in many names at once."""

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_layout import (BOOK_HIGH, BOOK_LOW, BOOK_OBSERVED, NAME_HIGH, NAME_LOW,
                                          NAME_OBSERVED)
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.vector import KernelVectorEnv, ScalarOf

__all__ = ["PortfolioEnv", "PortfolioVectorEnv"]


def _spaces(settings: PortfolioSettings) -> tuple[spaces.Space, spaces.Box]:
    """Spaces of one environment: observations and actions."""
    m = len(settings.market)
    low, high = (np.array(one, np.float32) for one in (NAME_LOW, NAME_HIGH))
    ends = tuple(np.array(one, np.float32) for one in (BOOK_LOW, BOOK_HIGH))
    if settings.observation == "dict":
        seen = spaces.Dict({"names": spaces.Box(np.tile(low, (m, 1)), np.tile(high, (m, 1))),
                            "portfolio": spaces.Box(*ends)})
    else:
        seen = spaces.Box(*(np.concatenate([np.tile(one, m), end])
                            for one, end in zip((low, high), ends, strict=True)))
    if settings.actions == "orders":
        each = np.array([[0.0, -1000.0, 0.0], [1e9, 1000.0, 1e9]])
        return seen, spaces.Box(*np.tile(each, m), dtype=np.float64)
    return seen, spaces.Box(-1.0, 1.0, (m * settings.numbers,), np.float32)


class PortfolioVectorEnv(KernelVectorEnv):
    r"""N days of a desk; every decision is for all names, and all books advance in one call.

    **Description.** At its start a day brings blocks of clients, at most one a name: a size, a
    side, a deadline, a risk aversion, a smallest completion and a cap of participation
    (`lobsim.envs.clients`). Names move together by market and sector, and each has its own
    liquidity, which changes within the day and from day to day (`lobsim.market.trading_days`). Own
    orders rest in the true queue of every book and take true depth, as in ``lobsim/Execution-v0``.

    A day is 26 decisions of a minute by default, at any time from five minutes after the open to
    the close. A whole day of 50 books has fifteen times the events of that: too long for a learner
    that has to see thousands. ``horizon_s=23_400, start_s=34_200`` is the whole day.

    **What clients do not allow cannot happen.** Whatever the action, the environment sees to these
    in order, before any order is sent, and in the worst case of fills and latency
    (`lobsim.envs.portfolio_limits`):

    1. no block trades more than its quantity, or on its other side;
    2. *cap*: never more than `max_participation` of the market's volume since arrival;
    3. *net* (with `neutral`): "dollar" bounds what is left to sell less what is left to buy, "cash"
       what has been sold less what has been bought, by `most_net` of the gross value, or by how far
       apart the list starts if that is more. At arrival prices, so that no move breaks it;
    4. *completion*: what must be done by the deadline is crossed before it.

    Where the first three leave no way to complete, the block ends short, and ``info`` counts why.
    `lobsim.envs.portfolio_audit.Auditor` looks for violations in the fills; it must find none.

    **Action space.** ``Box(-1, 1, (k M,))``, the numbers of a name side by side. ``"pace"``, k = 1:
    the block's schedule (the volume that its name expects until its deadline) is moved by
    ``a max_shift_s`` seconds, positive = trade sooner; what was due more than a slice before is
    crossed, what is due within a slice rests at the own best; in the last slice all that is left is
    crossed. ``"pace_cross"``, k = 2: the second number says which share of what would rest is
    crossed instead, ``(b + 1) / 2``. ``"pace_price"``, k = 2: it says at which price that rests,
    ``b / 2`` of the spread better than the own best, so up to the mid, or that much worse; and all
    that is left is crossed in the last decision only, however long a slice is: with a long one it
    is a desk that waits. ``"orders"``, k = 3, for hand-written rules: lots to cross,
    offset in ticks from the own best, lots to rest.

    **Observation space.** float32. ``"dict"``: ``names`` (M, 30) and ``portfolio`` (7,);
    ``"flat"``: the rows of the first, then the second. A name has the 18 columns of
    ``lobsim/Execution-v0`` (`lobsim.envs.execution.ExecutionEnv`), ``time_left`` up to its own
    deadline, all 0 when its block is over, and

    ===== ============== ================================================== === ===
    index name           meaning                                            min max
    ===== ============== ================================================== === ===
    18    ``side``       1 buys, -1 sells, 0 when over                      -1  1
    19    ``value``      of the block, in 5 average blocks                  0   1
    20    ``ends``       its deadline, as a share of the horizon            0   1
    21    ``aversion``   l / (l + 0.003), l its risk aversion in 1/bps      0   1
    22    ``must``       what must still be done, share of what is left     0   1
    23    ``cap_room``   what its cap allows now, share of what is left     0   1
    24    ``hedge``      correlation of what is left of it with what is     -1  1
                         left of all; negative: it hedges the rest
    25    ``spread_bps`` s / (s + 5), s the spread in bps of the mid        0   1
    26    ``volatility`` v / (v + 10), v the standard deviation of its      0   1
                         return in an average decision, bps
    27    ``size``       p / (p + 0.05), p what is left as a share of the   0   1
                         volume that is expected until its deadline
    28    ``cover``      d / (d + e), d the size at the other best, e what  0   1
                         is left by decisions left: what a share would take
    29    ``charge``     c / (abs(c) + 0.02), c what aversion charges what  -1  1
                         is left of it for a decision, bps of its value
    ===== ============== ================================================== === ===

    Columns 7 to 17 are scaled by what is usual for the name. Those from 25 on are the same measure
    for all, so that one policy can serve them all: it sees which name is dear to trade, which one
    moves, and which block is large or urgent. With ``blind=True`` columns 7 to 17, 25 and 28, which
    tell of the market as it is, are 0.

    The portfolio:

    ===== ================ ================================================ === ===
    index name             meaning                                          min max
    ===== ================ ================================================ === ===
    0     ``time_left``    share of the day                                 0   1
    1     ``left``         value of what is left, share of the gross value  0   1
    2     ``net_left``     to sell less to buy, share of the gross value    -1  1
    3     ``room_to_sell`` by the net limit, share of the gross value       0   1
    4     ``room_to_buy``  the same                                         0   1
    5     ``risk``         standard deviation of what is left, of that at   0   5
                           the start
    6     ``working``      blocks at work, share of the names               0   1
    ===== ================ ================================================ === ===

    **Rewards.** Minus the weighted sum of the terms of `lobsim.envs.rewards` in bps of the *gross*
    value at arrival, each summed over the names. Here ``risk`` is
    :math:`\tfrac12 (x_k^\top\Sigma x_k + x_{k+1}^\top\Sigma x_{k+1})` in bps^2, x what is left as
    signed shares of the gross value, :math:`\Sigma` the covariance of the universe for a decision;
    and ``aversion`` is the same of :math:`\sqrt{\lambda_i}\, x_i` in bps, which for one block is
    what its client charges for variance (Almgren and Chriss 2000, appendix A). In a desk of many
    blocks most of that is gone: a client would be charged for a small part of the whole. What each
    minds is its own block: ``own_risk`` is the sum of :math:`w_i \lambda_i y_i^2 \Sigma_{ii}`, w
    its share of the gross value and y what is left of it as a share of itself. Names of weights:
    `lobsim.envs.portfolio_settings.PORTFOLIO_REWARDS`.

    **Starting state.** All blocks are open, nothing rests.

    **Episode end.** *Terminates* when all blocks are over: filled, or past their deadline. What a
    block leaves is priced by walking the book. Nothing truncates.

    **Info.** ``time_s``; ``gross`` (money); ``left``, ``net_left`` (of gross); ``cash``, ``fees``
    (money); ``shortfall_bps``, ``news_bps`` (of gross, since the start); ``risk_left_bps``;
    ``working``; how many blocks were in this decision ``capped``, ``held_back`` by the net limit,
    ``forced`` to cross, ``overshot`` (orders for more than is left); ``unfinished_cap``,
    ``unfinished_net``, ``unfinished_book``: blocks that ended with less than they must, by what
    stood in the way; each term of the reward for the step.

    Parameters
    ----------
    num_envs : int
    universe : Universe or sequence of Profile, optional
        By default `lobsim.market.trading_days.Universe`, fifty names.
    names : int, optional
        So many of them, evenly from the busiest to the quietest; all by default.
    clients : ClientBook
        What blocks are like.
    blocks : sequence of Block, optional
        The same blocks every day instead of drawn ones.
    horizon_s, interval_s : float
        Seconds, > 0; the first a whole number of the second.
    start_s : float or (float, float)
        Seconds after midnight, or a range in which each day starts at a whole minute.
    actions : str
        "pace", "pace_cross", "pace_price" or "orders".
    max_shift_s, slice_s : float
        Seconds, > 0.
    neutral : str, optional
        "dollar" or "cash".
    most_net : float
        Share of the gross value, 0 to 1.
    reward : str or mapping
    discount : float
        Of the potential-based term.
    observation : str
        "flat" or "dict".
    blind : bool
        Hide the market's signals.
    parts : tuple
        Parts added to every name: latency, fees, a predator ...; or functions from a profile to
        the part that it gets.
    autoreset_mode, info, copy
        As in `lobsim.envs.vector.KernelVectorEnv`.

    **Version.** v0.

    Examples
    --------
    >>> envs = PortfolioVectorEnv(2, names=3, horizon_s=120)
    >>> seen, info = envs.reset(seed=1)
    >>> seen.shape, envs.single_action_space.shape
    ((2, 97), (3,))
    """

    sum_names = tuple(name for name in PortfolioCore.names if name.endswith("_step_bps")
                      or name in ("risk", "capped", "held_back", "forced", "overshot"))

    def __init__(self, num_envs: int = 1, *, render_mode: None = None,
                 autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
                 info: str = "all", copy: bool = True, **settings):
        if render_mode is not None:
            raise ValueError(f"render_mode is {render_mode!r}; this environment draws nothing")
        self.settings = PortfolioSettings(**settings)
        super().__init__(PortfolioCore(num_envs, self.settings), *_spaces(self.settings),
                         autoreset_mode, info, copy)

    @property
    def core(self) -> PortfolioCore:
        """The days behind the environments: blocks, markets, fills."""
        return self._core

    def _shown(self, seen):
        if self.settings.observation == "flat":
            return seen
        names, tail = seen[..., :-len(BOOK_OBSERVED)], seen[..., -len(BOOK_OBSERVED):]
        shape = (*seen.shape[:-1], len(self.settings.market), len(NAME_OBSERVED))
        return {"names": names.reshape(shape), "portfolio": tail}


class PortfolioEnv(ScalarOf):
    """One day of `PortfolioVectorEnv`, whose docstring is the manual.

    Examples
    --------
    >>> env = PortfolioEnv(names=3, horizon_s=120, observation="dict")
    >>> {name: part.shape for name, part in env.reset(seed=1)[0].items()}
    {'names': (3, 30), 'portfolio': (7,)}
    """

    many = PortfolioVectorEnv

    @property
    def core(self) -> PortfolioCore:
        """The day behind the environment: its blocks, markets, fills."""
        return self._core
