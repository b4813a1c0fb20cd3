"""Execution in slices: a family of rules, the terms that they collect, and logs for a Q-table.

Three tools for the design of a reward. `BandRule` is a family wide enough to hold what a bad reward
teaches (wait for ever, all at once, cross on the dot) and small enough to be searched to the end.
`episode_terms` plays a rule and adds up *every* term of `lobsim.envs.rewards` in each episode, so
that one run judges the rule by any weights. `explore_slices` plays random actions on a grid of
inventories and returns what a table of Nevmyvaka, Feng and Kearns (2006) learns from; `SliceRule`
plays such a table.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lobsim.envs import execution_layout as at
from lobsim.envs.baselines import Rule
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.seeding import episode_seeds

__all__ = ["IMBALANCE_EDGES", "SLICE_ACTIONS", "BandRule", "SliceRule", "band_family",
           "episode_terms", "explore_slices", "leftover_costs"]

SLICE_ACTIONS = (
    ("wait", 0, 0, 0), ("rest 2 deeper", 0, -2, 2), ("rest 1", 0, 0, 1), ("rest 2", 0, 0, 2),
    ("rest 4", 0, 0, 4), ("cross 1", 1, 0, 0), ("cross 2", 2, 0, 0),
)  # fmt: skip
"""Name, units to cross, offset in ticks (positive = better) and units to rest; a unit is a part of
the order, 1 / `units`."""
IMBALANCE_EDGES = (-0.4, 0.4)
"""Of the own side less the other at the best prices: three buckets, against, even, in favour."""
_REST_FILLED = 0.8  # of what rests; any constant keeps the control variate's mean at zero
_BATCH = 64


class BandRule:
    """Keeps what is filled between two curves: crosses up to the floor, rests up to the ceiling.

    Floor = ceiling is a schedule of market orders, a floor of 0 never crosses, and 0 for both
    waits for ever.

    Parameters
    ----------
    floor, ceiling : array_like, shape (K,)
        Shares of the order, 0 to 1, at each of the K decisions; the floor is not above the ceiling
        (where it is, it counts for both).
    """

    def __init__(self, floor, ceiling):
        self.floor, self.ceiling = (np.asarray(curve, dtype=float) for curve in (floor, ceiling))
        if self.floor.ndim != 1 or self.floor.shape != self.ceiling.shape:
            raise ValueError(f"floor has the shape {self.floor.shape} and ceiling "
                             f"{self.ceiling.shape}; they must be two curves of one length")
        both = np.concatenate([self.floor, self.ceiling])
        if not ((both >= 0) & (both <= 1)).all():
            raise ValueError("floor and ceiling are shares of the order; they must be 0 to 1")

    def reset(self, core):
        """Look whether the curves have an entry for each decision."""
        if len(self.floor) != core.settings.steps:
            raise ValueError(f"floor has {len(self.floor)} entries; the episode has "
                             f"{core.settings.steps} decisions")

    def act(self, core, outcome):
        """Lots to cross, no offset, lots to rest."""
        k = np.minimum(core.step_number, len(self.floor) - 1)
        done, whole = core.filled_lots, core.quantity_lots
        cross = np.maximum(np.rint(whole * self.floor[k]) - done, 0)
        rest = np.maximum(np.rint(whole * self.ceiling[k]) - done - cross, 0)
        return np.stack([cross, np.zeros(len(core)), rest], axis=1)


def band_family(decisions: int, slices: int) -> dict[str, BandRule]:
    """Rules of one order, from at once to never, by market orders and by resting ones.

    Parameters
    ----------
    decisions : int
        K of an episode, a multiple of `slices`.
    slices : int
        Of the schedules.

    Returns
    -------
    dict of str to BandRule
        A "front 2" schedule keeps the share (1 - t)^2 at the time t of the horizon.

    Examples
    --------
    >>> rules = band_family(60, 10)
    >>> rules["TWAP"].floor[:7].round(1).tolist()
    [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2]
    """
    if slices < 1 or decisions < slices or decisions % slices:
        raise ValueError(f"decisions is {decisions} and slices {slices}; the first must be a "
                         f"multiple of the second")
    step = np.arange(decisions)
    begun = np.floor(step * slices / decisions + 1e-9) / slices
    due = begun + 1 / slices
    none, all_, last = np.zeros(decisions), np.ones(decisions), np.zeros(decisions)
    last[-1] = 1.0
    each = (step + 1) / decisions

    def ahead(share, power):
        return 1 - np.clip(1 - share, 0, 1) ** power

    rules = {"at once": (all_, all_), "TWAP": (due, due), "TWAP, every decision": (each, each)}
    rules |= {f"front {p}": (ahead(due, p), ahead(due, p)) for p in (2, 4)}
    rules["passive TWAP"] = begun, due
    rules |= {f"passive front {p}": (ahead(begun, p), ahead(due, p)) for p in (2, 4)}
    rules |= {"rest all": (none, all_), "rest all, cross at the end": (last, all_),
              "cross at the end": (last, none), "wait": (none, none)}
    return {name: BandRule(np.minimum(floor, 1), np.minimum(ceiling, 1))
            for name, (floor, ceiling) in rules.items()}


class SliceRule:
    """Plays `SLICE_ACTIONS` from a table, on a grid of inventories.

    Parameters
    ----------
    table : array_like of int, shape (K, units + 1) or (K, units + 1, 3)
        The action at each decision with so many units left (a part of one counts as one), and in
        each bucket of imbalance.
    """

    def __init__(self, table):
        self.table = np.asarray(table)
        if self.table.ndim not in (2, 3) or self.table.dtype.kind not in "iu":
            raise ValueError(f"table has the shape {self.table.shape} and holds "
                             f"{self.table.dtype}; it must be whole numbers (K, units + 1[, 3])")

    def reset(self, core):
        """Look at the decisions of the episode."""
        _units_of(core, self.table.shape[1] - 1)
        if len(self.table) != core.settings.steps:
            raise ValueError(f"table has {len(self.table)} rows; the episode has "
                             f"{core.settings.steps} decisions")

    def choose(self, core, outcome):
        """Numbers of the actions, shape (N,)."""
        unit = _units_of(core, self.table.shape[1] - 1)
        k = np.minimum(core.step_number, len(self.table) - 1)
        left = np.ceil((core.quantity_lots - core.filled_lots) / unit - 1e-9).astype(int)
        seen = (_bucket(outcome),) if self.table.ndim == 3 else ()
        return self.table[(k, left, *seen)]

    def act(self, core, outcome):
        """Lots to cross, offset, lots to rest."""
        return _orders(core, self.choose(core, outcome), self.table.shape[1] - 1)


def episode_terms(rules: Mapping[str, Rule], *, episodes: int, seed: int = 0, first: int = 0,
                  **settings) -> pd.DataFrame:
    """Every term of the reward, added up over each episode, for several rules on the same seeds.

    Parameters
    ----------
    rules : mapping of name to rule
        As in `lobsim.envs.evaluate`.
    episodes, seed, first : int
        As in `lobsim.envs.evaluate`.
    **settings
        As in `lobsim.envs.ExecutionEnv`.

    Returns
    -------
    DataFrame
        ``rule, seed``, the terms (bps; ``risk`` in bps^2; unweighted, positive = cost),
        ``shortfall`` (bps) and ``completion`` (share traded before the leftover was priced).

    Examples
    --------
    >>> found = episode_terms({"wait": BandRule([0.0], [0.0])}, episodes=1, horizon_s=10)
    >>> found["completion"].tolist()
    [0.0]
    """
    checked = ExecutionSettings(**{**settings, "actions": "orders"})
    tables = []
    for name, rule in rules.items():
        for begin in range(0, episodes, _BATCH):
            seeds = episode_seeds(seed, first + begin, min(_BATCH, episodes - begin))
            tables.append(_terms_of(rule, checked, seeds).assign(rule=name))
    table = pd.concat(tables, ignore_index=True)
    return table[["rule", *table.columns.drop("rule")]]


def _terms_of(rule, settings, seeds) -> pd.DataFrame:
    sums, last = np.zeros((len(seeds), len(at.TERMS))), None
    for _, running, outcome, _ in _steps(rule, settings, seeds):
        last = outcome.info.copy() if last is None else last
        last[running] = outcome.info[running]
        sums[running] += outcome.info[running, at.I_TERMS:]
    filled, left = last[:, at.I_FILLED], last[:, at.I_LEFT]
    return pd.DataFrame({"seed": seeds, **dict(zip(at.TERMS, sums.T, strict=True)),
                         "shortfall": last[:, at.I_SHORTFALL],
                         "completion": filled / (filled + left)})


def _steps(rule, settings, seeds):
    """Play an episode of each seed; yields core, rows that acted, outcome and the view before."""
    core = ExecutionCore(len(seeds), settings)
    outcome = core.fresh()
    core.open(range(len(seeds)), seeds, outcome)
    rule.reset(core)
    while core.alive.any():
        running, before = core.alive, outcome
        outcome = core.step(rule.act(core, outcome))
        yield core, running, outcome, before


class _Explorer:
    """Actions at random: each episode prefers some, and a third of them are any."""

    def __init__(self, units, rng):
        self._units, self._rng = units, rng

    def reset(self, core):
        """Draw what each episode prefers."""
        _units_of(core, self._units)
        count = len(SLICE_ACTIONS)
        self._likes = self._rng.dirichlet(np.full(count, 0.3), len(core)).cumsum(axis=1)

    def act(self, core, outcome):
        """Draw, and remember what was drawn and what there was to sell."""
        n, count = len(core), len(SLICE_ACTIONS)
        liked = np.minimum((self._rng.random((n, 1)) > self._likes).sum(axis=1), count - 1)
        any_ = self._rng.integers(count, size=n)
        self.action = np.where(self._rng.random(n) < 1 / 3, any_, liked)
        self.left = (core.quantity_lots - core.filled_lots).copy()
        self.orders = _orders(core, self.action, self._units)
        return self.orders


def explore_slices(*, episodes: int, units: int = 10, seed: int = 0, **settings) -> pd.DataFrame:
    """What random actions cost and left, step by step, for a table to learn from.

    Parameters
    ----------
    episodes : int
    units : int
        Parts of the order, of whole lots.
    seed : int
        Of the episodes and of the actions.
    **settings
        As in `lobsim.envs.ExecutionEnv`.

    Returns
    -------
    DataFrame
        A row for each decision: ``left`` in whole units (a part of one counts as one) and
        ``next_left`` (float: ``left`` less what traded, at least 0); ``seen`` and ``next_seen``,
        the bucket of the imbalance, 0 to 2; ``action``; ``cost`` in bps of the whole order:
        execution and fees, less what the exogenous price did to the size that was sent. The last
        has mean zero, as the size is fixed before the price moves, and is most of the noise. What
        trades do to the price of *later* ones is not in the cost: such a table believes that the
        market does not react.

    References
    ----------
    Y. Nevmyvaka, Y. Feng, M. Kearns, "Reinforcement learning for optimized trade execution",
    ICML 2006, section 4.

    Examples
    --------
    >>> log = explore_slices(episodes=2, quantity=1000, horizon_s=60, interval_s=30)
    >>> bool((log["next_left"] <= log["left"]).all())
    True
    """
    checked = ExecutionSettings(**{**settings, "actions": "orders"})
    explorer = _Explorer(units, np.random.default_rng([seed, units]))
    rows = []
    for begin in range(0, episodes, _BATCH):
        seeds = episode_seeds(seed, begin, min(_BATCH, episodes - begin))
        for core, running, outcome, before in _steps(explorer, checked, seeds):
            rows.append(_transitions(core, explorer, outcome, before, units)[running])
    return pd.concat(rows, ignore_index=True)


def _transitions(core, explorer, outcome, before, units) -> pd.DataFrame:
    term = {name: outcome.info[:, at.I_TERMS + k] for k, name in enumerate(at.TERMS)}
    unit, left = _units_of(core, units), explorer.left
    sent = explorer.orders[:, 0] + _REST_FILLED * explorer.orders[:, 2]
    sold = (left - (core.quantity_lots - core.filled_lots)) / unit
    whole = np.ceil(left / unit - 1e-9).astype(int)
    return pd.DataFrame({
        "left": whole, "seen": _bucket(before), "action": explorer.action,
        "cost": term["execution"] + term["fees"] + term["exogenous"] * sent / np.maximum(left, 1),
        "next_left": np.maximum(whole - sold, 0.0), "next_seen": _bucket(outcome),
    })  # fmt: skip


def leftover_costs(*, units: int = 10, episodes: int = 32, seed: int = 0, quantity: float,
                   interval_s: float, **settings) -> np.ndarray:
    """What walking the book costs at the end, by the units that are left.

    Parameters
    ----------
    units, episodes, seed : int
    quantity, interval_s, **settings
        As in `lobsim.envs.ExecutionEnv`, of the whole order.

    Returns
    -------
    ndarray, shape (units + 1,)
        Mean `leftover` in bps of the whole order.
    """
    costs = np.zeros(units + 1)
    for left in range(1, units + 1):
        part = {**settings, "quantity": quantity * left / units, "horizon_s": interval_s,
                "interval_s": interval_s}
        waited = episode_terms({"wait": BandRule([0.0], [0.0])}, episodes=episodes, seed=seed,
                               **part)
        costs[left] = waited["leftover"].mean() * left / units
    return costs


def _units_of(core, units) -> np.ndarray:
    """Lots of a unit, shape (N,)."""
    unit, rest = np.divmod(core.quantity_lots, units)
    if rest.any():
        raise ValueError(f"an order of {core.quantity_lots[0]} lots has no {units} equal parts of "
                         f"whole lots")
    return unit


def _bucket(outcome) -> np.ndarray:
    return np.digitize(outcome.seen[:, at.O_IMBALANCE], IMBALANCE_EDGES)


def _orders(core, actions, units) -> np.ndarray:
    """Lots to cross, offset and lots to rest of numbered actions, at most what is left."""
    rows = np.array([action[1:] for action in SLICE_ACTIONS])[actions]
    left, unit = core.quantity_lots - core.filled_lots, _units_of(core, units)
    cross = np.minimum(rows[:, 0] * unit, left)
    return np.stack([cross, rows[:, 1], np.minimum(rows[:, 2] * unit, left - cross)], axis=1)
