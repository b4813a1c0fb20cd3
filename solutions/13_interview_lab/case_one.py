"""Lesson 13, case one: logs of orders, step by step, and a rule that hides in far orders."""

import numpy as np

from lobsim.envs import execution_layout as at
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.seeding import episode_seeds
from lobsim.envs.sliced import BandRule


class FarAway(BandRule):
    """Rests the whole order many ticks behind the best price and waits.

    Parameters
    ----------
    decisions : int
    ticks : int
        Behind the best price of its side.
    """

    def __init__(self, decisions, ticks):
        super().__init__(np.zeros(decisions), np.ones(decisions))
        self.ticks = ticks

    def act(self, core, outcome):
        """Lots to cross (none), offset, lots to rest (all that are left)."""
        orders = super().act(core, outcome)
        orders[:, 1] = -self.ticks
        return orders


def order_logs(rule, *, episodes, seed=0, **settings):
    """Logs of orders as a desk keeps them, one for each market.

    Parameters
    ----------
    rule : rule of lobsim.envs
    episodes, seed : int
    **settings
        As in `lobsim.envs.ExecutionEnv`; the order must be one of a fixed size.

    Returns
    -------
    list of dict
        ``side``; ``filled`` and ``working`` (K,), shares filled in each step and resting at its
        end; ``price`` (K,), average of the fills, NaN without; ``mid`` (K + 1,); ``quantity``;
        ``leftover_price``, average for which the book gives what is left at the end, fees
        included, NaN if nothing is.
    """
    checked = ExecutionSettings(**{**settings, "actions": "orders"})
    seeds = episode_seeds(seed, 0, episodes)
    core = ExecutionCore(episodes, checked)
    outcome = core.fresh()
    core.open(range(episodes), seeds, outcome)
    rule.reset(core)
    steps, told = [outcome.info.copy()], [np.ones(episodes, bool)]
    while core.alive.any():
        running = core.alive.copy()
        outcome = core.step(rule.act(core, outcome))
        steps.append(outcome.info.copy())
        told.append(running)
    side = 1 if checked.side == "buy" else -1
    return [_one(np.array([row[k] for row, own in zip(steps, told) if own[k]]), side)
            for k in range(episodes)]


def _one(info, side):
    left, mid, fees = info[:, at.I_LEFT], info[:, at.I_MID], info[:, at.I_FEES]
    filled = -np.diff(left)
    spent = -np.diff(info[:, at.I_CASH] + fees) * side  # money for shares, without fees
    price = np.divide(spent, filled, out=np.full(len(filled), np.nan), where=filled > 0)
    working = info[1:, at.I_RESTING].copy()
    working[-1] = min(info[-2, at.I_RESTING], left[-1])  # until the end cancels it
    end = info[-1, at.I_TERMS + at.T_LEFTOVER] * left[0] * info[0, at.I_ARRIVAL] / 1e4
    return {"side": side, "filled": filled, "price": price, "working": working, "mid": mid,
            "quantity": left[0],
            "leftover_price": mid[-1] + side * end / left[-1] if left[-1] else np.nan}
