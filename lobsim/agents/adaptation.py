r"""Does a policy adapt? Days with a liquidity shock beside the same days without it.

In the middle of a window the liquidity of all names changes: volume dries up, spreads widen, or
trading is rushed. The same seeds are played twice, with the shock and without, so that everything
but the shock and what it leads to is the same, and pace, passive share and decisions are compared
minute by minute.

Two things have to be told apart. A rule that rests at a price is filled more slowly where fewer
come to trade, without having decided anything: that is the market's doing, and `pace` shows it
for every passive rule. What an agent *decides* is in its actions, `shift` and `price`: they are
the same with and without the shock exactly if it takes no notice.

``python tests/benchmarks/measure_adaptation.py --store`` measures it for what is shipped, and
``python tests/benchmarks/measure_shock_worth.py --store`` what there is to gain by it.
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from lobsim.agents.agent import MODELS
from lobsim.agents.comparing import two_way_interval
from lobsim.envs import execution_layout as at
from lobsim.envs.clients import Urgency
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.seeding import episode_seeds
from lobsim.market.parts import Makers, Shock, Shocks
from lobsim.market.trading_days import Universe

__all__ = ["HEAVY", "PHASES", "SHOCKS", "STORED", "STORED_WORTH", "ShockedUniverse", "adaptation",
           "by_phase", "measured_adaptation", "measured_worth"]

STORED = MODELS / "portfolio_adaptation.json"
STORED_WORTH = MODELS / "portfolio_shock_worth.json"

START_S = 39_600.0  # 11 o'clock: no rush of its own
SHOCK_MIN = (8, 16)
"""Minutes of the window that the shock begins with, and ends before."""
PHASES = ("before", "during", "after")
_SLACK = "slack"
SHOCKS = {"drought": {"activity": 0.2, "volatility": 0.2**-0.5},
          "widening": {_SLACK: 1.5},
          "rush": {"activity": 3.0, "volatility": 3.0**-0.5}}
"""What happens to every name: a fifth of the usual arrivals; spreads that widen by one and a half
of what `lobsim.market.trading_days.DayRates` counts in; three times the usual arrivals. The
outer price moves as on the day without."""
HEAVY = {"dry and wide": {"activity": 1 / 3, "volatility": 3.0**0.5, _SLACK: 3.0}}
"""More than a usual day brings: a third of the arrivals, and spreads that widen by three, which
makes them, by name, two to six times as wide."""


class ShockedUniverse(Universe):
    """Names whose days all have one more shock.

    Parameters
    ----------
    universe : Universe
    shock : str, optional
        A name of `SHOCKS` or `HEAVY`; without one the days are those of `universe`.
    start_s, minutes : float
        When it begins, seconds after midnight, and how long it lasts.

    Examples
    --------
    >>> from lobsim.market.parts import Shocks
    >>> universe = ShockedUniverse(Universe(), "drought", 40_000.0, 8.0)
    >>> universe.day(3)[0].part(Shocks).shocks[-1].activity
    0.2
    """

    def __init__(self, universe: Universe, shock: str | None, start_s: float, minutes: float):
        if shock is not None and shock not in SHOCKS | HEAVY:
            raise ValueError(f"shock is {shock!r}; it must be one of "
                             f"{', '.join(SHOCKS | HEAVY)}")
        self.__dict__ |= universe.__dict__
        self._shock, self._start_s, self._minutes = shock, float(start_s), float(minutes)

    def day(self, seed: int):
        """The profiles of one day."""
        days = super().day(seed)
        if self._shock is None:
            return days
        return tuple(self._shocked(one) for one in days)

    def _shocked(self, profile):
        told = dict((SHOCKS | HEAVY)[self._shock])
        unit = told.pop(_SLACK, 0.0)
        if unit:
            makers = profile.part(Makers)
            edge = max(0.0, -makers.maker_slack_ticks) if makers else 0.0
            told["slack_ticks"] = -unit * (1.0 + edge)
        shocks = profile.part(Shocks)
        before = shocks.shocks if shocks else ()
        shock = Shock(self._shock, self._start_s, self._minutes, **told)
        return profile.with_parts(Shocks((*before, shock)))


def adaptation(policies: Mapping, *, shocks=tuple(SHOCKS), days: int = 20, seed: int = 0,
               names: int = 12, num_envs: int = 10, **settings) -> pd.DataFrame:
    """Play days with and without shocks, and tell what every policy does minute by minute.

    Only blocks that are at work to the end of the window count, so that the same ones are compared
    before, during and after the shock. Their clients are of the middle class.

    Parameters
    ----------
    policies : mapping of str to policy or list of policies
        Rules of `lobsim.envs.portfolio_rules`, or agents and others with ``environment``. Agents
        of a list should differ in their training seed alone.
    shocks : sequence of str
        Of `SHOCKS` and `HEAVY`.
    days, seed : int
        The days of the environment that was reset with `seed`; at least 2.
    names, num_envs : int
    **settings
        Of `lobsim.envs.PortfolioEnv`.

    Returns
    -------
    DataFrame
        A row for each policy, member of its list (0 where it is one), shock ("none" for the days
        without), day and minute: ``policy, member, shock, seed, minute, phase``, means over the
        blocks of ``pace`` (percent of the block done in the minute), ``taken`` (percent of the
        block that was crossed in it), ``shift`` and ``price`` (actions of an agent of
        "pace_price", -1 to 1; NaN for others), and ``client_bps`` of the day.
    """
    base = settings.pop("universe", None) or Universe()
    start_s = settings.pop("start_s", START_S)
    first, last = SHOCK_MIN
    clients = PortfolioSettings().clients
    clients = replace(clients, urgencies={"medium": Urgency(0.003, (1.0, 1.0))})
    seeds = episode_seeds(seed, 0, days)
    tables = []
    for shock in (None, *shocks):
        universe = ShockedUniverse(base, shock, start_s + 60.0 * first, last - first)
        for name, member, policy in [
            (name, member, policy) for name, some in policies.items()
            for member, policy in enumerate(some if isinstance(some, (list, tuple)) else [some])
        ]:
            own = {"actions": "orders"} if hasattr(policy, "act") else policy.environment
            checked = PortfolioSettings(**{"universe": universe, "names": names,
                                           "start_s": start_s, "clients": clients,
                                           **settings, **own})
            for k in range(0, days, num_envs):
                played = _play(policy, checked, seeds[k:k + num_envs])
                tables.append(played.assign(policy=name, member=member, shock=shock or "none"))
    table = pd.concat(tables, ignore_index=True)
    table["phase"] = np.select([table["minute"] < first, table["minute"] < last], PHASES[:2],
                               PHASES[2])
    return table


def _play(policy, settings, seeds) -> pd.DataFrame:
    core = PortfolioCore(len(seeds), settings)
    outcome = core.fresh()
    core.open(range(len(seeds)), seeds, outcome)
    is_rule = hasattr(policy, "act")
    if is_rule:
        policy.reset(core)
    asked = core.quantity_lots
    has_block = asked > 0
    before, made, minded = np.zeros(asked.shape), np.zeros(asked.shape), core.own_charges
    felt, rows = np.zeros(asked.shape), []
    while core.alive.any():
        actions = policy.act(core, outcome) if is_rule else policy(outcome.seen)
        numbers = np.full((*asked.shape, 2), np.nan)
        if settings.actions == "pace_price":
            numbers = np.clip(np.asarray(actions, float).reshape(numbers.shape), -1.0, 1.0)
            numbers[~core.working] = np.nan
        minute = int(core.step_number.max() * settings.interval_s // 60)
        outcome = core.step(actions)
        filled = core.filled_lots.astype(float)
        maker = core.notes[:, at.I_MAKER].reshape(asked.shape)
        lot = core.notes[:, at.I_FILLED].reshape(asked.shape)
        passive = np.divide(maker, lot, out=np.zeros(asked.shape), where=lot > 0) * filled
        done, rested = filled - before, passive - made
        before, made = filled.copy(), passive
        felt += 0.5 * (minded + core.own_charges)
        minded = core.own_charges
        rows.append({"minute": np.full(len(seeds), minute), "seed": np.asarray(seeds),
                     "pace": _mean(100 * done / np.maximum(asked, 1), has_block),
                     "taken": _mean(100 * (done - rested) / np.maximum(asked, 1), has_block),
                     "shift": _mean(numbers[..., 0], has_block),
                     "price": _mean(numbers[..., 1], has_block)})
    cost = (core.notes[:, at.I_SHORTFALL] - core.notes[:, at.I_NEWS]).reshape(asked.shape)
    client = _mean(cost + felt, has_block)
    table = pd.concat([pd.DataFrame(row) for row in rows], ignore_index=True)
    table = table.groupby(["minute", "seed"], sort=False, as_index=False).agg(
        {"pace": "sum", "taken": "sum", "shift": "mean", "price": "mean"})
    return table.assign(client_bps=table["seed"].map(dict(zip(seeds, client, strict=True))))


def _mean(values, where) -> np.ndarray:
    """Means over the names that count and have a value, NaN where there is none."""
    values = np.where(where, values, np.nan)
    count = np.isfinite(values).sum(axis=1)
    total = np.nansum(values, axis=1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)


def by_phase(table: pd.DataFrame, column: str = "pace",
             rival: str | None = None) -> pd.DataFrame:
    """How the days with a shock differ from the same days without, phase by phase.

    Parameters
    ----------
    table : DataFrame
        Of `adaptation`.
    column : str
        "pace", "taken", "shift", "price" or "client_bps".
    rival : str, optional
        A policy whose differences are taken off those of the others, day by day: above 0 the shock
        moves them up by more (or down by less) than it moves the rival.

    Returns
    -------
    DataFrame
        A row for each shock, policy and phase: ``quiet`` and ``shocked`` (means), ``difference``
        by pairs of days, and its 95 % interval ``low, high`` by
        `lobsim.agents.comparing.two_way_interval`: over days, and over the trainings where a
        policy has several members. Days on which no block is at work to the end count for nobody.
    """
    keys = ["policy", "member", "shock", "phase", "seed"]
    # a day that is over early has no last phase: NaN there
    means = table.groupby(keys, sort=False)[column].mean().unstack("seed").sort_index(axis=1)
    names = list(table["policy"].unique())
    if rival is not None and rival not in names:
        raise ValueError(f"rival is {rival!r}; the table has {', '.join(names)}")
    rows = []
    shocks = [name for name in table["shock"].unique() if name != "none"]
    for shock, policy, phase in itertools.product(shocks, names, PHASES):
        if policy == rival:
            continue
        quiet, shocked = (_days(means, policy, one, phase) for one in ("none", shock))
        gaps = shocked - quiet
        if rival is not None:
            gaps = gaps - _days(means, rival, shock, phase) + _days(means, rival, "none", phase)
        told = np.isfinite(gaps).all(axis=0)
        mean, half, of = np.nan, np.nan, [np.nan, np.nan]
        if told.any():
            mean, half = two_way_interval(gaps[:, told])
            of = [float(one[:, told].mean()) for one in (quiet, shocked)]
        rows.append({"shock": shock, "policy": policy, "phase": phase, "quiet": of[0],
                     "shocked": of[1], "difference": mean, "low": mean - half,
                     "high": mean + half})
    return pd.DataFrame(rows)


def _days(means: pd.DataFrame, policy: str, shock: str, phase: str) -> np.ndarray:
    """Means of a phase, shape (members, days)."""
    return means.loc[policy].xs((shock, phase), level=("shock", "phase")).to_numpy()


def measured_adaptation() -> dict:
    """The stored measurement of the shipped agents and the rules: ``settings, rows, beside``.

    Returns
    -------
    dict
        ``rows`` are those of `by_phase`, with their ``column``; ``beside`` those with a ``rival``,
        the differences of the agents less those of each rule; ``settings`` what was measured.

    Examples
    --------
    >>> sorted({row["shock"] for row in measured_adaptation()["rows"]})
    ['drought', 'rush', 'widening']
    """
    return json.loads(STORED.read_text(encoding="utf-8"))


def measured_worth() -> dict:
    """What is gained by knowing of a shock, as stored: ``settings, scenes, rows, training``.

    Returns
    -------
    dict
        ``scenes`` tell by name what happens, and which decision ``knows`` and ``blind``, a rule's
        shift and price while it lasts, were best on learning days with the shock and without;
        ``rows`` what other decisions cost on unseen days less the blind one: ``scene, rule, shift,
        price, difference, low, high`` (bps of a client's block, paired by day, 95 %).
        ``training`` tells what PPO does that was trained on shocked days
        (``python tests/benchmarks/measure_shock_training.py --store``).

    Examples
    --------
    >>> sorted({row["rule"] for row in measured_worth()["rows"]})
    ['as one that knows', 'at the mid', 'at the own best', 'later', 'sooner']
    """
    return json.loads(STORED_WORTH.read_text(encoding="utf-8"))
