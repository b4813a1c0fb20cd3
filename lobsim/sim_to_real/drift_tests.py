"""Tests for drift of states, of actions and of both together, with errors that are controlled.

Each column is tested by KS and PSI; states, actions and their joint distribution by MMD and by a
classifier. Null distributions come from blocks or episodes (:mod:`lobsim.sim_to_real.blocks`), and
p values of all tests together are adjusted by Holm (the chance of any false alarm) and by
Benjamini and Hochberg (the expected share of false alarms).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.analytics._checks import need_columns, one_of
from lobsim.sim_to_real.blocks import (
    HIDDEN,
    Pool,
    block_length,
    blocks_of,
    exchange_length,
    p_value,
)
from lobsim.sim_to_real.drift_statistics import (
    KS,
    MMD,
    PSI,
    Classifier,
    Measures,
    psi_edges,
    unit_folds,
)

__all__ = ["NULLS", "TOO_LITTLE", "DriftResult", "benjamini_hochberg", "find_drift", "holm"]

NULLS = ("permutation", "stationary", "circular")
"""Units dealt anew, or the stationary or circular block bootstrap of each side."""
DRIFT, SUSPECT, QUIET, TOO_LITTLE = "drift", "suspect", "no drift seen", "too little data"
"""Verdicts: Holm rejects; only Benjamini-Hochberg does; neither; no data of so few units could."""

_MMD_ROWS, _CLASSIFIER_ROWS = 1000, 2000
"""Rows of both sides that the joint tests look at, evenly spaced: time and memory are bounded."""
_FOLDS = 5
_LEAST_ROWS = 8


@dataclass(frozen=True, eq=False)
class DriftResult:
    """What the drift tests found.

    Attributes
    ----------
    table : DataFrame
        A row a test, strongest evidence first: ``test`` ("ks", "psi", "mmd", "classifier"),
        ``what`` (a column or a group of columns), ``statistic``, ``typical`` (its median under
        the null), ``p_value``, ``p_holm``, ``p_bh`` and ``verdict``.
    shifts : DataFrame
        Index column: ``mean_shift`` in standard deviations of the reference, ``scale`` (standard
        deviation live / reference).
    alpha : float
        Level of the verdicts.
    null : str
        One of :data:`NULLS`.
    units : pair of int
        Independent units of reference and live: episodes or blocks.
    block : float
        Rows of a block (mean of both sides); NaN for episodes.
    draws : int
        Draws from the null.
    """

    table: pd.DataFrame
    shifts: pd.DataFrame
    alpha: float
    null: str
    units: tuple[int, int]
    block: float
    draws: int

    @property
    def drifted(self) -> bool:
        """Whether any test rejects after Holm: wrong with a chance of at most alpha."""
        return bool((self.table["verdict"] == DRIFT).any())

    @property
    def enough(self) -> bool:
        """Whether any data of so few units could have shown drift."""
        return not (self.table["verdict"] == TOO_LITTLE).all()

    def worst_columns(self, most: int | None = None) -> list[str]:
        """Columns by evidence: smallest p value first, of equal ones the largest PSI."""
        own = self.table[self.table["test"].isin(["ks", "psi"])]
        p = own.groupby("what")["p_value"].min()
        size = own[own["test"] == "psi"].set_index("what")["statistic"]
        found = pd.DataFrame({"p": p, "psi": -size}).sort_values(["p", "psi"], kind="stable")
        return list(found.index[:most])

    def row(self, test: str, what: str) -> pd.Series:
        """One test of the table."""
        found = self.table[(self.table["test"] == test) & (self.table["what"] == what)]
        if len(found) != 1:
            raise KeyError(f"there is no test {test!r} of {what!r}")
        return found.iloc[0]


def find_drift(reference: pd.DataFrame, live: pd.DataFrame, *, states: Sequence[str] | None = None,
                actions: Sequence[str] = (), episode: str | None = None, alpha: float = 0.05,
                null: str = "permutation", block: float | None = None, hidden: float = HIDDEN,
                draws: int | None = None, seed: int = 0) -> DriftResult:
    """Test every column, the states, the actions and all together for drift.

    Parameters
    ----------
    reference, live : DataFrame
        Rows in order of time, numeric columns without missing values.
    states, actions : sequence of str
        Columns of either kind; by default all columns but `actions` and `episode` are states.
    episode : str, optional
        Column with the number or name of the episode of a row. Then episodes are the units; else
        each side is one series, cut into blocks.
    alpha : float
        Level of the verdicts.
    null : {"permutation", "stationary", "circular"}
        See :mod:`lobsim.sim_to_real.blocks`; for sides of very different lengths, and of different
        memory, a bootstrap. The classifier has the permutation null always: a
        fold that was drawn twice would see its own rows.
    block : float, optional
        Rows of a block; default by the memory of the series: :func:`exchange_length` for
        permutations, :func:`block_length` for a bootstrap.
    hidden : float
        Of :func:`exchange_length`.
    draws : int, optional
        From the null; by default 499, or more where Holm over so many tests needs smaller p values.
    seed : int

    Returns
    -------
    DriftResult

    Raises
    ------
    ValueError
        For columns that are missing, not numeric, not finite, or sides with fewer than 8 rows.

    Notes
    -----
    Tests see rows one at a time: a change of dependence *in time* alone moves none of them. To test
    for it, add lagged columns. Missing values are drift too: compare their share as a column.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sim, real = (pd.DataFrame({"spread": rng.normal(m, 1, 400)}) for m in (0.0, 0.5))
    >>> find_drift(sim, real).worst_columns()
    ['spread']
    """
    one_of(null, NULLS, "null")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it must lie between 0 and 1")
    groups = _groups(reference, states, actions, episode)
    columns = list(dict.fromkeys(name for names in groups.values() for name in names))
    tables = [_numbers(table, columns, what)
              for table, what in ((reference, "reference"), (live, "live"))]
    if episode is None:
        length = exchange_length(tables, hidden=hidden) if block is None else block
        unit = [blocks_of(len(table), length) for table in tables]
    else:
        need_columns(live, [episode], "live")
        length = math.nan
        unit = [pd.factorize(table[episode])[0] for table in (reference, live)]
    unit = np.concatenate([unit[0], unit[0].max() + 1 + unit[1]])
    pool = Pool(len(tables[0]), len(tables[1]), unit, series=episode is None)
    if draws is None:
        draws = max(499, math.ceil(2 * (2 * len(columns) + 2 * len(groups)) / alpha) - 1)
    rng = np.random.default_rng(seed)
    statistics = _statistics(np.concatenate(tables), pool, columns, groups, rng)
    permuted = [key for key in statistics if null == "permutation" or key[0] == "classifier"]
    drawn = _null(pool.permuted(draws, rng), statistics, permuted)
    rest = [key for key in statistics if key not in drawn]
    if rest:
        lengths = (block,) * 2 if block else _bootstrap_lengths(tables, null, episode)
        length = float(np.mean(lengths))
        drawn |= _null(pool.bootstrapped(draws, rng, lengths, null), statistics, rest)
    table = _judged(statistics, drawn, pool, alpha, null)
    shifts = _shifts(tables, columns)
    return DriftResult(table, shifts, alpha, null, pool.units, float(length), draws)


def holm(p_values) -> np.ndarray:
    r"""Adjusted p values: rejecting those at most alpha errs once or more with chance alpha.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min\{1, (m - j + 1)\, p_{(j)}\}

    Parameters
    ----------
    p_values : array_like of float, shape (m,)
        Dependent in any way.

    References
    ----------
    S. Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal
    of Statistics 6(2), section 3.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    raised = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    adjusted = np.empty_like(raised)
    adjusted[order] = raised
    return adjusted


def benjamini_hochberg(p_values) -> np.ndarray:
    r"""Adjusted p values: of those at most alpha, a share of alpha is expected to be false.

    .. math:: \tilde p_{(i)} = \min_{j \ge i} \min\{1, m\, p_{(j)} / j\}

    Parameters
    ----------
    p_values : array_like of float, shape (m,)
        Independent, or positively dependent as tests of correlated columns are.

    References
    ----------
    Y. Benjamini and Y. Hochberg (1995), JRSS B 57(1), equation (1).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[::-1]
    lowered = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
    adjusted = np.empty_like(lowered)
    adjusted[order] = np.minimum(lowered, 1.0)
    return adjusted


def _groups(table, states, actions, episode) -> dict[str, list[str]]:
    """Name of a group to its columns."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"reference is a {type(table).__name__}; a pandas DataFrame is needed")
    actions = [actions] if isinstance(actions, str) else list(actions)
    if states is None:
        states = [name for name in table.columns if name not in (*actions, episode)]
    states = [states] if isinstance(states, str) else list(states)
    both = sorted(set(states) & set(actions))
    if both:
        raise ValueError(f"column {both[0]!r} is given as a state and as an action")
    groups = {"states": states, "actions": actions}
    if states and actions:
        groups["states and actions"] = states + actions
    groups = {name: columns for name, columns in groups.items() if columns}
    if not groups:
        raise ValueError("there is no column to test")
    return groups


def _numbers(table: pd.DataFrame, columns: list[str], what: str) -> np.ndarray:
    need_columns(table, columns, what)
    if len(table) < _LEAST_ROWS:
        raise ValueError(f"{what} has {len(table)} rows; at least {_LEAST_ROWS} are needed")
    try:
        numbers = table[columns].to_numpy(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{what} has a column that is not numeric among {columns}") from None
    wrong = (~np.isfinite(numbers)).sum(axis=0)
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise ValueError(f"{what} has {wrong[worst]} missing or infinite values in "
                         f"{columns[worst]!r}; drop these rows or fill them, and compare the share "
                         f"of missing rows as a column of its own")
    return numbers


def _bootstrap_lengths(tables, null: str, episode) -> tuple[float, float]:
    """Rows of a block on either side, by its most persistent column."""
    if episode is not None:
        return math.nan, math.nan
    return tuple(max(getattr(block_length(column), null) for column in table.T)
                 for table in tables)


class _Thinned:
    """A statistic on some of the rows."""

    def __init__(self, statistic, rows: np.ndarray):
        self.statistic, self.rows = statistic, rows

    def __call__(self, measures: Measures) -> np.ndarray:
        own = [m[:, self.rows] for m in measures]
        return self.statistic(Measures(*(m / m.sum(axis=1, keepdims=True) for m in own)))


def _statistics(x, pool, columns, groups, rng) -> dict[tuple[str, str], Callable]:
    """Every test by name and column or group."""
    found: dict[tuple[str, str], Callable] = {}
    floor = 0.5 / max(pool.n_reference, pool.n_live)
    for at, name in enumerate(columns):
        found["ks", name] = KS(x[:, at])
        found["psi", name] = PSI(x[:, at], psi_edges(x[:, at]), floor)
    place = {name: at for at, name in enumerate(columns)}
    fold = unit_folds(pool.unit, _FOLDS, rng)
    for group, names in groups.items():
        own = x[:, [place[name] for name in names]]
        few, more = (_spread(pool, most) for most in (_MMD_ROWS, _CLASSIFIER_ROWS))
        found["mmd", group] = _Thinned(MMD(own[few]), few)
        found["classifier", group] = _Thinned(Classifier(own[more], fold[more]), more)
    return found


def _spread(pool: Pool, most: int) -> np.ndarray:
    """At most so many rows, evenly spaced, at least one of every unit."""
    rows = np.arange(len(pool.unit))
    if len(rows) <= most:
        return rows
    first = np.flatnonzero(np.diff(pool.unit, prepend=-1))
    return np.unique(np.concatenate([np.linspace(0, len(rows) - 1, most).astype(int), first]))


def _null(draws, statistics, keys) -> dict[tuple[str, str], np.ndarray]:
    if not keys:
        return {}
    parts: Mapping[tuple[str, str], list] = {key: [] for key in keys}
    for measures in draws:
        for key in keys:
            parts[key].append(statistics[key](measures))
    return {key: np.concatenate(values) for key, values in parts.items()}


def _judged(statistics, drawn, pool, alpha, null) -> pd.DataFrame:
    rows = []
    for (test, what), statistic in statistics.items():
        value, under = float(statistic(pool.observed())[0]), drawn[test, what]
        rows.append({"test": test, "what": what, "statistic": value,
                     "typical": float(np.median(under)), "p_value": p_value(value, under)})
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p_value"])
    table["p_bh"] = benjamini_hochberg(table["p_value"])
    table["verdict"] = np.select([table["p_holm"] <= alpha, table["p_bh"] <= alpha],
                                 [DRIFT, SUSPECT], QUIET)
    if pool.least_p > alpha:  # so few units have too few arrangements, and no bootstrap of worth
        table["verdict"] = TOO_LITTLE
    return table.sort_values(["p_value", "what"], kind="stable", ignore_index=True)


def _shifts(tables, columns) -> pd.DataFrame:
    spread = [table.std(axis=0) for table in tables]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (tables[1].mean(axis=0) - tables[0].mean(axis=0)) / spread[0]
        scale = spread[1] / spread[0]
    index = pd.Index(columns, name="column")
    return pd.DataFrame({"mean_shift": mean, "scale": scale}, index=index)
