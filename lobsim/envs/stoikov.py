"""`lobsim/AvellanedaStoikov-v0`: quoting in the world in which the optimum is known."""

import math

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode

from lobsim.envs import stoikov_kernel as kernel
from lobsim.envs.core import KernelCore
from lobsim.envs.drift_signal import DriftSignal
from lobsim.envs.vector import KernelVectorEnv, ScalarOf
from lobsim.strategies.quote_world import QuoteWorld

__all__ = ["AvellanedaStoikovEnv", "AvellanedaStoikovVectorEnv"]


class _Core(KernelCore):
    """N worlds with the same terms; `form` is the reward."""

    names = kernel.TOLD

    def __init__(self, count, columns, terms, form):
        super().__init__(count, columns, 2)
        self._terms, self._form = terms, form
        self.states = np.zeros((len(self), kernel.X_SIZE))
        self._keys = np.zeros(len(self), np.uint64)

    def begin(self, rows, seeds, seen):
        kernel.begin(self.states, self._keys, rows, seeds, self._terms, seen, self.told)

    def advance(self, actions, rows, outcome):
        kernel.advance(self.states, self._keys, rows, actions, self._terms, self._form,
                       outcome.seen, outcome.rewards, outcome.over, self.told)


class AvellanedaStoikovVectorEnv(KernelVectorEnv):
    r"""N worlds of Avellaneda and Stoikov, stepped in one Numba call.

    **Description.** A maker quotes a bid and an ask around a mid that goes up or down by
    :math:`\sigma\sqrt{dt}`; each quote is filled with a probability that falls exponentially with
    its distance. No queue, no tick, no fees. It is the world of
    `lobsim.strategies.QuoteWorld` step by step, for which `lobsim.envs.oracles` knows the optimum.

    **Action space.** ``Box(-1, 1, (2,), float32)``, cut to that range:

    ===== ============================================================================
    index meaning
    ===== ============================================================================
    0     half-spread :math:`h = (1 + a_0) / k`, from 0 to 2 / k; 0 is the best of a maker
          without risk aversion
    1     skew :math:`u = a_1 \cdot` `max_skew`: both quotes are moved up by it
    ===== ============================================================================

    The bid lies at ``mid - h + u``, the ask at ``mid + h + u``. They may lie beyond the mid.

    **Observation space.** float32:

    ===== ====================================== ================================ ===== =====
    index name                                   unit                             min   max
    ===== ====================================== ================================ ===== =====
    0     inventory                              `max_inventory`                  -1    1
    1     time left                              T                                0     1
    2     reading of the drift (signal world)    `drift_std`                      -6    6
    3     estimate of the drift (signal world)   `drift_std`                      -6    6
    ===== ====================================== ================================ ===== =====

    With ``blind=True`` the last two are 0.

    **Reward**, by name, with :math:`\Delta W` the change of cash and inventory at the mid and q the
    inventory after the fills:

    ============ =========================================================================
    "pnl"        :math:`\Delta W`
    "risk"       :math:`\Delta W - \tfrac12\gamma\sigma^2q^2\,dt`
    "expected"   the same, expected over the fills of this step given the quotes; the
                 simulator's own fill rates are used, which no trader has
    "mean"       the same, expected over the move of the mid, too (with the true drift)
    "marked"     "mean", told at the fill: what is bought in step n is marked with the move of
                 the mid that is still expected, :math:`m\,dt\,(1-\varphi^{N-n})/(1-\varphi)`
                 with the estimate m, and what is held gains nothing more
    "utility"    :math:`(1 - e^{-\gamma W_T}) / \gamma` at the end, 0 before
    ============ =========================================================================

    The sum of "marked" over an episode has the mean of that of "mean": they differ by the change of
    the potential of what is held (Ng, Harada and Russell 1999), so they have the same optimum where
    nothing is discounted. With a discount they have not: "mean" forgets a part of what the drift
    will do, "marked" only a part of the risk.

    With ``centred=True`` all but the last are less what a maker without inventory or aversion
    gains on average, :math:`2A\,dt/(ek)`: a constant, which changes no optimum.

    **Starting state.** Mid `start`, no cash, no inventory; the drift from its stationary law.

    **Episode end.** After T / dt steps it *terminates*: the time left is observed. Nothing
    truncates. The inventory is valued at the mid.

    **Info** at every step: ``wealth, cash, inventory, mid``, the quotes ``bid_distance,
    ask_distance``, ``bid_filled, ask_filled`` (0 or 1), ``spread_gain`` and ``inventory_gain``,
    which add up to the change of wealth, ``risk_penalty`` (not positive, no part of the wealth),
    ``drift`` (hidden in life).

    Parameters
    ----------
    num_envs : int
    horizon, step, volatility, intensity, decay : float
        T, dt, sigma, A, k as in `QuoteWorld`.
    max_inventory : int
        Hard cap: at it the side that leads beyond is not quoted.
    max_skew : float
        Price.
    risk_aversion : float
        gamma > 0.
    reward : str
    centred : bool
    signal : DriftSignal, optional
        Makes this the signal world.
    blind : bool
    start : float
    fills : str
        "bernoulli" or "exponential", as in `QuoteWorld`.
    autoreset_mode, info, copy
        As in `KernelVectorEnv`.

    **Version.** v0.

    References
    ----------
    M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book", Quantitative Finance
    8(3), 2008, section 3.3.
    A. Ng, D. Harada, S. Russell, "Policy invariance under reward transformations", ICML 1999.

    Examples
    --------
    >>> env = AvellanedaStoikovVectorEnv(num_envs=3)
    >>> obs, info = env.reset(seed=1)
    >>> obs, reward, terminated, truncated, info = env.step(np.zeros((3, 2)))
    >>> [round(float(x), 4) for x in info["bid_distance"]]
    [0.6667, 0.6667, 0.6667]
    """

    sum_names = ("spread_gain", "inventory_gain", "risk_penalty")

    def __init__(self, num_envs: int = 1, *, horizon: float = 1.0, step: float = 0.005,
                 volatility: float = 2.0, intensity: float = 140.0, decay: float = 1.5,
                 max_inventory: int = 15, max_skew: float = 1.0, risk_aversion: float = 0.1,
                 reward: str = "risk", centred: bool = False, signal: DriftSignal | None = None,
                 blind: bool = False, start: float = 100.0, fills: str = "bernoulli",
                 autoreset_mode=AutoresetMode.SAME_STEP, info: str = "all",
                 copy: bool = True) -> None:
        self.world = QuoteWorld(horizon, step, volatility, intensity, decay, max_inventory, fills)
        if not 0 < max_skew < math.inf:
            raise ValueError(f"max_skew is {max_skew}; it must be a number above 0")
        if not 0 < risk_aversion < math.inf:
            raise ValueError(f"risk_aversion is {risk_aversion}; it must be a number above 0")
        if reward not in kernel.REWARDS:
            raise ValueError(f"reward is {reward!r}; allowed are "
                             f"{', '.join(map(repr, kernel.REWARDS))}")
        self.risk_aversion, self.max_skew = float(risk_aversion), float(max_skew)
        self.reward, self.signal, self.blind = reward, signal, bool(blind)
        terms = self._make_terms(centred, float(start))
        bounds = np.array([1.0, 1.0] + ([kernel.SIGNAL_BOUND] * 2 if signal else []), np.float32)
        low = -bounds
        low[1] = 0.0
        core = _Core(num_envs, len(bounds), terms, kernel.REWARDS.index(reward))
        super().__init__(core, Box(low, bounds), Box(-1.0, 1.0, (2,), np.float32),
                         autoreset_mode, info, copy)

    def _make_terms(self, centred, start) -> np.ndarray:
        world, k = self.world, kernel
        terms = np.zeros(k.T_SIZE)
        root = math.sqrt(world.step)
        terms[k.T_DT], terms[k.T_MOVE] = world.step, world.volatility * root
        terms[k.T_UP] = root / world.volatility if world.volatility > 0 else 0.0
        terms[k.T_INTENSITY], terms[k.T_DECAY] = world.intensity, world.decay
        terms[k.T_HALF], terms[k.T_SKEW] = 1.0 / world.decay, self.max_skew
        terms[k.T_CAP], terms[k.T_STEPS] = world.edge, world.steps
        terms[k.T_AVERSION], terms[k.T_START] = self.risk_aversion, start
        terms[k.T_RISK] = 0.5 * self.risk_aversion * world.volatility**2 * world.step
        if centred:
            terms[k.T_CENTRE] = 2.0 * world.intensity * world.step / (math.e * world.decay)
        terms[k.T_EXPONENTIAL] = world.fills == "exponential"
        if self.signal is not None:
            if world.volatility == 0:
                raise ValueError("the signal world needs a volatility above 0")
            terms[k.T_SIGNAL], terms[k.T_BLIND] = 1.0, self.blind
            terms[k.T_STD], terms[k.T_NOISE] = self.signal.drift_std, self.signal.reading_noise
            terms[k.T_IMPACT] = self.signal.impact
            (terms[k.T_KEEP], terms[k.T_GAIN],
             terms[k.T_VARIANCE]) = self.signal.filter_terms(world.step)
        return terms

    # -- quotes and actions ----------------------------------------------------------------------

    def actions_of(self, bid, ask) -> np.ndarray:
        """The actions that quote at these distances, cut to the action space.

        Parameters
        ----------
        bid, ask : array-like
            Distances below and above the mid; infinite (no quote) becomes the farthest.

        Returns
        -------
        ndarray, shape (..., 2)
        """
        far = 2.0 / self.world.decay + self.max_skew
        bid, ask = (np.minimum(np.asarray(side, dtype=float), far) for side in (bid, ask))
        half, shift = 0.5 * (bid + ask), 0.5 * (ask - bid)
        return np.clip(np.stack([half * self.world.decay - 1.0, shift / self.max_skew], -1), -1, 1)

    def distances_of(self, actions) -> tuple[np.ndarray, np.ndarray]:
        """Distances of bid and ask under these actions; see `actions_of`."""
        actions = np.clip(np.asarray(actions, dtype=float), -1.0, 1.0)
        half = (1.0 + actions[..., 0]) / self.world.decay
        shift = self.max_skew * actions[..., 1]
        return half - shift, half + shift

    def read(self, obs) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Inventory, time left, reading and estimate (in their units) of observations."""
        obs = np.asarray(obs, dtype=float)
        inventory = np.rint(obs[..., 0] * self.world.edge)
        left = np.rint(obs[..., 1] * self.world.steps) * self.world.step
        if self.signal is None:
            return inventory, left, np.zeros_like(left), np.zeros_like(left)
        std = self.signal.drift_std
        return inventory, left, obs[..., 2] * std, obs[..., 3] * std


class AvellanedaStoikovEnv(ScalarOf):
    """One world of `AvellanedaStoikovVectorEnv`, whose docstring is the manual.

    Examples
    --------
    >>> env = AvellanedaStoikovEnv()
    >>> obs, info = env.reset(seed=1)
    >>> obs.tolist()
    [0.0, 1.0]
    """

    many = AvellanedaStoikovVectorEnv
