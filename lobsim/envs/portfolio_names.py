r"""Every name of portfolio days as an environment of its own: one policy for all, one reward each.

Two ways lead to one policy for all names. A network can read a whole day, treat the names alike,
and be told the reward of the day; then every action of fifty names is held responsible for the sum
of fifty costs, and what one of them did well drowns in what the others met. Or each name is an
environment: its own view, its own action, and *its own part of the reward*. Here it is the second.
The parts add up to the day's reward; a day of M names is M episodes; the value of a day is the sum
of the values of its names. Sharing needs no network of its own: the rows of a batch pass through
the same weights, whatever their order and number, so that a policy of 12 names acts in 50.

What is lost: names meet through risk and, with `neutral`, through the net limit, and a name is not
told what its action costs or saves the others there. Its part of a risk is
:math:`x_i (\Sigma x)_i`, of which its own action feels :math:`(\Sigma x)_i + \Sigma_{ii} x_i`,
where the day feels :math:`2 (\Sigma x)_i`: a hedge is seen (``hedge``, ``charge``) but credited by
half. Costs of trading are its own in full, and in a desk of many names they are most of it.
"""

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorWrapper
from gymnasium.vector.utils import batch_space

from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio import PortfolioVectorEnv

__all__ = ["ROW_OBSERVED", "NamesVectorEnv", "rows_of"]

ROW_OBSERVED = (*pl.NAME_OBSERVED, *(f"portfolio_{name}" for name in pl.BOOK_OBSERVED))
"""Columns of a row: those of the name, then those of the portfolio."""
PARTS = ("gross", "block")


def rows_of(seen: np.ndarray, own: int, common: int) -> np.ndarray:
    """The view of each name from views of whole days.

    Parameters
    ----------
    seen : ndarray, shape (N, M * own + common)
        Columns of every name, side by side, then those that they have in common.
    own, common : int
        How many of both; the second at least 1.

    Returns
    -------
    ndarray, shape (N * M, own + common)
        Names of a day one below the other. A copy.

    Raises
    ------
    ValueError
        When the columns are not those of whole names.

    Examples
    --------
    >>> rows_of(np.array([[1, 2, 3, 4, 9]]), own=2, common=1).tolist()
    [[1, 2, 9], [3, 4, 9]]
    """
    names, rest = divmod(seen.shape[1] - common, own)
    if rest or names < 1:
        raise ValueError(f"a day has {seen.shape[1]} columns; it must be {common} and {own} for "
                         f"each name")
    each = seen[:, :-common].reshape(len(seen), names, own)
    shared = np.broadcast_to(seen[:, None, -common:], (len(seen), names, common))
    return np.concatenate([each, shared], axis=2).reshape(-1, own + common)


class NamesVectorEnv(VectorWrapper):
    r"""N days of M names as N M environments, the names of a day one below the other.

    **Observation.** The columns of the name and those of the portfolio, `ROW_OBSERVED`. A name at
    work has a ``side`` of 1 or -1.

    **Action.** The numbers of the name.

    **Reward.** With ``part="gross"`` what the name adds to the reward of the day, in bps of the
    gross value (`PortfolioCore.earned`): the rewards of a day's names sum to that of the day. With
    ``part="block"`` the same in bps of the block's own value, :math:`r_i / w_i`, w its share of
    the gross value: then :math:`\sum_i w_i r_i` is the reward of the day, and costs of small and
    large blocks are alike. For each name it is the same up to a factor that its episode does not
    change, so the same is best.

    **Episode end.** *Terminates* when the block is over. Its name then *idles* until the day is
    over: views of 0 but for the portfolio's, rewards of 0, and a last end when the next day begins;
    a learner should leave these steps out (`lobsim.agents.shared.AtWorkRollouts`). A name without
    a block idles all day.

    Parameters
    ----------
    env : PortfolioVectorEnv
        With flat observations, actions other than "orders", and resets in the same step.
    part : str
        "gross" or "block".

    Attributes
    ----------
    at_work_column : int
        Of a view: 0 exactly when the name idles.
    common : int
        Columns of a view that are those of the portfolio, the last ones.
    idle : ndarray of bool, shape (N M,)
        Which names idled in the last step.

    Examples
    --------
    >>> names = NamesVectorEnv(PortfolioVectorEnv(2, names=3, horizon_s=120))
    >>> seen, _ = names.reset(seed=1)
    >>> seen.shape, names.single_action_space.shape
    ((6, 37), (1,))
    """

    at_work_column = pl.P_SIDE
    common = len(pl.BOOK_OBSERVED)

    def __init__(self, env: PortfolioVectorEnv, part: str = "gross"):
        settings = env.settings
        if part not in PARTS:
            raise ValueError(f"part is {part!r}; it must be one of {', '.join(PARTS)}")
        if settings.observation != "flat" or settings.actions == "orders":
            raise ValueError(f"observation is {settings.observation!r} and actions "
                             f"{settings.actions!r}; names are environments with flat observations "
                             f"and the actions pace, pace_cross or pace_price")
        if env.autoreset_mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"autoreset_mode is {env.autoreset_mode.value!r}; it must be "
                             f"{AutoresetMode.SAME_STEP.value!r}")
        super().__init__(env)
        self.part, self.names_count = part, env.core.names_count
        low, high = (np.array([*name, *book], np.float32) for name, book in (
            (pl.NAME_LOW, pl.BOOK_LOW), (pl.NAME_HIGH, pl.BOOK_HIGH)))
        self.single_observation_space = spaces.Box(low, high)
        self.single_action_space = spaces.Box(-1.0, 1.0, (settings.numbers,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.idle = np.ones(self.num_envs, bool)

    @property
    def num_envs(self) -> int:
        """Names of all days, N M."""
        return self.env.num_envs * self.names_count

    def _rows(self, seen) -> np.ndarray:
        return rows_of(seen, pl.NAME_COLUMNS, self.common)

    def reset(self, *, seed=None, options=None):
        """Begin new days.

        Parameters
        ----------
        seed : int or sequence of N M ints, optional
            An int gives day e the seed + e M, and of a sequence a day takes that of its first name.
        options : dict, optional
            ``{"reset_mask": ...}`` of shape (N M,): the names of a day together.
        """
        m = self.names_count
        if seed is not None:
            seed = [seed + e * m for e in range(self.env.num_envs)] if np.ndim(seed) == 0 \
                else list(seed)[::m]
        if options and "reset_mask" in options:
            mask = np.asarray(options["reset_mask"]).reshape(-1, m)
            if (mask != mask[:, :1]).any():
                raise ValueError("reset_mask parts the names of a day; a day begins for all")
            options = {**options, "reset_mask": mask[:, 0].copy()}
        seen, _ = self.env.reset(seed=seed, options=options)
        return self._next(self._rows(seen)), {}

    def _next(self, rows) -> np.ndarray:
        """Keep what the next step needs to know of the blocks."""
        self._at_work = rows[:, self.at_work_column] != 0
        self._weight = self.env.core.client[:, pl.C_WEIGHT].copy()
        return rows

    def step(self, actions):
        """One decision of every name.

        Returns
        -------
        observations, rewards, terminations, truncations, infos
            With ``infos["final_obs"]`` and its mask where a row ended.
        """
        days, m = self.env.num_envs, self.names_count
        was, weight = self._at_work, self._weight
        seen, _, over, truncated, told = self.env.step(np.asarray(actions).reshape(days, -1))
        rewards = self.env.core.earned.reshape(-1).copy()
        if self.part == "block":
            rewards[was] /= weight[was]
        rows = self._next(self._rows(seen))
        day_over = np.repeat(over | truncated, m)
        ended = day_over | (was & ~self._at_work)
        self.idle = ~was
        infos = {}
        if ended.any():
            last = seen.copy()
            for e in np.flatnonzero(over | truncated):
                last[e] = told["final_obs"][e]
            infos = {"final_obs": self._rows(last), "_final_obs": ended}
        return rows, rewards, ended, np.zeros(self.num_envs, bool), infos
