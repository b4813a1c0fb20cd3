"""`lobsim/AlmgrenChriss-v0`: selling a block in the world whose best schedule is known."""

import math

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode

from lobsim.engine.jit import njit
from lobsim.envs.core import KernelCore
from lobsim.envs.vector import KernelVectorEnv, ScalarOf
from lobsim.market import rng
from lobsim.strategies.almgren_chriss import AlmgrenChriss

__all__ = ["AlmgrenChrissEnv", "AlmgrenChrissVectorEnv", "optimal_policy"]

PAPER = AlmgrenChriss(1e6, 5.0, 5, volatility=0.95, temporary=2.5e-6, permanent=2.5e-7,
                      half_spread=0.0625)
"""Table 1 of Almgren and Chriss (2000), without drift; time in days."""

_TOLD = ("wealth", "cash", "inventory", "price", "sold", "trading_bps", "holding_bps", "risk_bps",
         "expected_bps")
_W, _CASH, _Q, _PRICE, _SOLD, _TRADING, _HOLDING, _RISK, _EXPECTED = range(9)
_REWARDS = ("expected", "realised")
_BOUND = 6.0  # at which the price's move is cut, in standard deviations of the whole window
(_X, _N, _TAU, _STD, _ETA, _GAMMA, _EPS, _DRIFT, _LAMBDA, _S0, _SPEED, _SIZE) = range(12)


@njit(borrows=True, inner=True)
def _show(told, step, terms, obs):
    """Write the observation."""
    obs[0] = np.float32(told[_Q] / terms[_X])
    obs[1] = np.float32((terms[_N] - step) / terms[_N])
    scale = terms[_STD] * math.sqrt(terms[_N])
    moved = (told[_PRICE] - terms[_S0]) / scale if scale > 0.0 else 0.0
    obs[2] = np.float32(min(max(moved, -_BOUND), _BOUND))


@njit(borrows=True)
def _begin(keys, steps, rows, seeds, terms, obs, told):
    """Start episodes (modifies the rows of all but `seeds` and `terms`)."""
    for j in range(len(rows)):
        i = rows[j]
        keys[i], steps[i] = rng.stream_key(seeds[j], np.uint64(2)), 0
        told[i, _Q], told[i, _PRICE] = terms[_X], terms[_S0]
        told[i, _W] = terms[_X] * terms[_S0]
        _show(told[i], 0, terms, obs[i])


@njit(borrows=True)
def _advance(keys, steps, rows, actions, terms, expected, obs, rewards, ended, told):
    """Sell one slice in each of `rows`; equations (1) and (2) of Almgren and Chriss."""
    for j in range(len(rows)):
        i = rows[j]
        row = told[i]
        held, price, tau = row[_Q], row[_PRICE], terms[_TAU]
        left = terms[_N] - steps[i]
        speed = 0.25 * terms[_SPEED] * (1.0 + min(max(actions[i, 0], -1.0), 1.0)) ** 2
        sold = held if left <= 1.0 else min(held, speed * held / left)
        paid = sold * ((terms[_EPS] if sold > 0.0 else 0.0) + terms[_ETA] / tau * sold)
        noise = terms[_STD] * rng.normal(rng.word(keys[i], np.uint64(steps[i])))
        move = terms[_DRIFT] * tau + noise - terms[_GAMMA] * sold
        after = held - sold
        steps[i] += 1
        row[_CASH] += sold * price - paid
        row[_Q], row[_PRICE] = after, price + move
        row[_W] = row[_CASH] + after * row[_PRICE]
        unit = 1e4 / (terms[_X] * terms[_S0])
        row[_SOLD] = sold
        row[_TRADING], row[_HOLDING] = -paid * unit, after * move * unit
        row[_RISK] = -terms[_LAMBDA] * terms[_STD] ** 2 * after**2 * unit
        row[_EXPECTED] = (-paid + after * (move - noise)) * unit
        money = row[_EXPECTED] if expected else row[_TRADING] + row[_HOLDING]
        rewards[i], ended[i] = money + row[_RISK], left <= 1.0
        _show(row, steps[i], terms, obs[i])


class _Core(KernelCore):
    """N sales with the same terms; the reward is `expected` or realised."""

    names = _TOLD

    def __init__(self, count, terms, expected):
        super().__init__(count, 3, 1)
        self._terms, self._expected = terms, expected
        self._keys = np.zeros(len(self), np.uint64)
        self._steps = np.zeros(len(self), np.int64)

    def begin(self, rows, seeds, seen):
        _begin(self._keys, self._steps, rows, seeds, self._terms, seen, self.told)

    def advance(self, actions, rows, outcome):
        _advance(self._keys, self._steps, rows, actions, self._terms, self._expected,
                 outcome.seen, outcome.rewards, outcome.over, self.told)


class AlmgrenChrissVectorEnv(KernelVectorEnv):
    r"""N sales of a block under linear impact, stepped in one Numba call.

    **Description.** X shares are sold in N periods. The price moves by
    :math:`\alpha\tau + \sigma\sqrt\tau\,\xi - \gamma n` and a trade of n is done at
    :math:`\epsilon + (\eta/\tau)\,n` below it. There is no signal, so what is learned can be judged
    against the closed form of `lobsim.strategies.AlmgrenChriss`.

    **Action space.** ``Box(-1, 1, (1,), float32)``: the speed
    :math:`\tfrac14 v\,(1 + a)^2` times an even split of what is left over the periods left, with
    v = `max_speed`; at v = 4 the action 0 is TWAP. The last period sells all that is left.

    **Observation space.** float32:

    ===== ===================== ============================ ===== =====
    index name                  unit                         min   max
    ===== ===================== ============================ ===== =====
    0     inventory             X                            0     1
    1     time left             T                            0     1
    2     price since the start sigma times the root of T    -6    6
    ===== ===================== ============================ ===== =====

    **Reward** in basis points of :math:`X S_0`: the change of wealth (cash and inventory at the
    price) less :math:`\lambda\sigma^2\tau x_k^2`, x being what is held after the trade. "realised"
    takes the change as it comes, "expected" without the noise of the price. Undiscounted, the sum
    is minus the shortfall less the risk, in expectation minus :math:`E + \lambda V` of the path.

    The sum of the running penalty is *not* the variance of a policy that looks at the price: by it
    the static path is optimal among all policies, which it is not for the variance of the cost
    fixed in advance (Almgren and Lorenz 2007).

    **Starting state.** X shares, no cash, price `start`.

    **Episode end.** After N periods it *terminates*: the time left is observed, and nothing is
    held. Nothing truncates.

    **Info** at every step: ``wealth, cash, inventory, price, sold``; ``trading_bps`` and
    ``holding_bps``, which add up to the change of wealth; ``risk_bps``; ``expected_bps`` (trading
    and holding without noise).

    Parameters
    ----------
    num_envs : int
    model : AlmgrenChriss
    risk_aversion : float
        lambda >= 0, 1 / money.
    reward : str
        "expected" or "realised".
    start : float
        S_0.
    max_speed : float
    autoreset_mode, info, copy
        As in `KernelVectorEnv`.

    **Version.** v0.

    References
    ----------
    R. Almgren, N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3(2),
    2000, equations (1)-(2), (8), (17)-(20). R. Almgren, J. Lorenz, "Adaptive arrival price",
    Trading 2007(1).

    Examples
    --------
    >>> env = AlmgrenChrissVectorEnv(risk_aversion=0.0)
    >>> obs, info = env.reset(seed=1)
    >>> sum(float(env.step(np.zeros((1, 1)))[1][0]) for _ in range(5))  # TWAP, in bps
    -132.5
    """

    sum_names = ("trading_bps", "holding_bps", "risk_bps", "expected_bps")

    def __init__(self, num_envs: int = 1, *, model: AlmgrenChriss = PAPER,
                 risk_aversion: float = 1e-6, reward: str = "expected", start: float = 50.0,
                 max_speed: float = 4.0, autoreset_mode=AutoresetMode.SAME_STEP,
                 info: str = "all", copy: bool = True) -> None:
        if not 0 <= risk_aversion < math.inf:
            raise ValueError(f"risk_aversion is {risk_aversion}; it must not be negative")
        if reward not in _REWARDS:
            raise ValueError(f"reward is {reward!r}; allowed are "
                             f"{', '.join(map(repr, _REWARDS))}")
        if not (0 < start < math.inf and 1 <= max_speed < math.inf):
            raise ValueError(f"start is {start} and max_speed {max_speed}; the first must be above "
                             f"0, the second at least 1")
        self.model, self.risk_aversion, self.reward = model, float(risk_aversion), reward
        self.start, self.max_speed = float(start), float(max_speed)
        terms = np.array([
            model.quantity, model.periods, model.period, model.volatility * math.sqrt(model.period),
            model.temporary, model.permanent, model.half_spread, model.drift, risk_aversion, start,
            max_speed])
        low, high = np.array([0, 0, -_BOUND], np.float32), np.array([1, 1, _BOUND], np.float32)
        super().__init__(_Core(num_envs, terms, reward == "expected"), Box(low, high),
                         Box(-1.0, 1.0, (1,), np.float32), autoreset_mode, info, copy)

    @property
    def optimum_bps(self) -> float:
        """The smallest E + lambda V, in basis points of X S_0."""
        path = self.model.trajectory(self.risk_aversion)
        return self.bps(self.model.objective(path, self.risk_aversion))

    def bps(self, money: float) -> float:
        """Money in basis points of the value of the block at the start."""
        return 1e4 * money / (self.model.quantity * self.start)

    def action_of(self, speed) -> np.ndarray:
        """The action of a speed, in even splits of what is left."""
        share = np.clip(np.asarray(speed, dtype=float) / self.max_speed, 0.0, 1.0)
        return 2.0 * np.sqrt(share) - 1.0


def optimal_policy(env: AlmgrenChrissVectorEnv, risk_aversion: float | None = None):
    """The closed form as a policy: in period k the optimum sells a fixed share of what is left.

    Parameters
    ----------
    env : AlmgrenChrissVectorEnv
        Without drift.
    risk_aversion : float, optional
        Another than the environment's.

    Examples
    --------
    >>> env = AlmgrenChrissVectorEnv(2)
    >>> policy = optimal_policy(env)
    >>> policy(env.reset(seed=1)[0]).shape
    (2, 1)
    """
    model = env.model
    if model.drift:
        raise ValueError(f"drift is {model.drift}; with one the share sold depends on what is held")
    path = model.trajectory(env.risk_aversion if risk_aversion is None else risk_aversion)
    shares = -np.diff(path) / path[:-1]
    actions = env.action_of(shares * (model.periods - np.arange(model.periods)))

    def policy(obs):
        k = np.rint((1.0 - np.asarray(obs, dtype=float)[:, 1]) * model.periods).astype(int)
        return actions[np.clip(k, 0, model.periods - 1)][:, None]

    return policy


class AlmgrenChrissEnv(ScalarOf):
    """One sale of `AlmgrenChrissVectorEnv`, whose docstring is the manual.

    Examples
    --------
    >>> env = AlmgrenChrissEnv()
    >>> env.reset(seed=1)[0].tolist()
    [1.0, 1.0, 0.0]
    """

    many = AlmgrenChrissVectorEnv
