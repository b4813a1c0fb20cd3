"""Randomises parent orders between two policies, in strata, and checks that it came out fair.

The unit is the parent order: its children share queues and impact and are no separate trials.
Within a stratum (of urgency, size, volatility, whatever is known *before* the order starts) orders
are dealt in permuted blocks, so that both policies get the same kinds of orders at the same times.
The arm of an order depends on the seed, its stratum and its place in it alone: whoever has these
can repeat the draw, and an order that is sent twice, or after a restart, keeps its arm.

What this assumes: the policy of one order does not change the cost of another. Two orders in the
same stock within the decay of their impact break that, and a comparison by order then understates
what a loud policy does to its neighbours: deal whole days (one "order" a day and stock) instead.

References
----------
M. Zelen (1974), "The randomization and stratification of patients to clinical trials", Journal of
Chronic Diseases 27, for permuted blocks in strata. G. Imbens and D. Rubin (2015), "Causal Inference
for Statistics, Social, and Biomedical Sciences", chapter 9. K. Morgan and D. Rubin (2012),
"Rerandomization to improve covariate balance in experiments", Annals of Statistics 40(2).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from lobsim.analytics._checks import need_columns
from lobsim.sim_to_real.blocks import p_value

__all__ = ["Assigner", "Balance", "balance", "redrawn"]


class Assigner:
    """Deals parent orders to two policies, in strata.

    Parameters
    ----------
    cuts : mapping of str to sequence of float
        Name of an attribute of a parent order to the rising values at which strata change; what
        equals a cut belongs below it. Chosen before the test. Empty = one stratum.
    arms : pair of str
        Names of the policies: the one in use first, the new one second.
    block : int
        Orders of a block, half of them for either policy; even. Short blocks balance better in
        time; in long ones the next arm is harder to guess.
    seed : int

    Examples
    --------
    >>> assigner = Assigner({"size_share": [0.05]}, seed=7)
    >>> arms = [assigner.assign(k, size_share=0.01) for k in range(8)]
    >>> arms.count("old"), assigner.assign(0) == arms[0]
    (4, True)
    """

    def __init__(self, cuts: Mapping[str, Sequence[float]], *,
                 arms: tuple[str, str] = ("old", "new"), block: int = 4, seed: int = 0):
        if block < 2 or block % 2:
            raise ValueError(f"block is {block}; it must be an even number of orders")
        if len(arms) != 2 or arms[0] == arms[1]:
            raise ValueError(f"arms are {arms!r}; two different names are needed")
        self.cuts = {name: np.asarray(at, dtype=np.float64) for name, at in cuts.items()}
        for name, at in self.cuts.items():
            if not len(at) or not np.isfinite(at).all() or (np.diff(at) <= 0).any():
                raise ValueError(f"the cuts of {name!r} are {list(at)}; rising numbers are needed")
        self.arms, self.block, self.seed = tuple(arms), int(block), int(seed)
        self._rows: dict[Hashable, dict] = {}
        self._places: dict[int, int] = {}

    def stratum(self, **attributes: float) -> int:
        """Number of the stratum of an order, from 0."""
        number = 0
        for name, at in self.cuts.items():
            if name not in attributes or not np.isfinite(attributes[name]):
                raise ValueError(f"the order has no {name}, on which it is stratified")
            cell = int(np.searchsorted(at, attributes[name], side="left"))
            number = number * (len(at) + 1) + cell
        return number

    def assign(self, order: Hashable, **attributes: float) -> str:
        """The policy of a parent order.

        Parameters
        ----------
        order : hashable
            Its identity. One that was seen before keeps its arm, whatever else is given.
        **attributes : float
            At least those of `cuts`; others are kept for :func:`balance`.

        Returns
        -------
        str
        """
        if order in self._rows:
            return self._rows[order]["arm"]
        stratum = self.stratum(**attributes)
        place = self._places.get(stratum, 0)
        self._places[stratum] = place + 1
        number, within = divmod(place, self.block)
        arm = self.arms[_dealt([self.seed, stratum, number], self.block)[within]]
        self._rows[order] = {"order": order, "stratum": stratum, "block": number, "place": place,
                             "arm": arm, **attributes}
        return arm

    @property
    def table(self) -> pd.DataFrame:
        """A row an order, in order of arrival: ``order, stratum, block, place, arm`` and more."""
        columns = ["order", "stratum", "block", "place", "arm", *self.cuts]
        rows = list(self._rows.values())
        return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)

    def resume(self, table: pd.DataFrame) -> "Assigner":
        """Take up where an assigner with this :attr:`table` was stopped; returns itself.

        Raises
        ------
        ValueError
            When the table was dealt by another seed, other cuts or other blocks.
        """
        need_columns(table, ["order", "stratum", "block", "place", "arm", *self.cuts], "table")
        fresh = Assigner(self.cuts, arms=self.arms, block=self.block, seed=self.seed)
        for row in table.to_dict("records"):
            attributes = {name: value for name, value in row.items()
                          if name not in ("order", "stratum", "block", "place", "arm")}
            if fresh.assign(row["order"], **attributes) != row["arm"]:
                raise ValueError(f"order {row['order']!r} is {row['arm']!r} in the table, and this "
                                 f"assigner deals it otherwise: seed, cuts or blocks differ")
        self._rows, self._places = fresh._rows, fresh._places
        return self


@dataclass(frozen=True, eq=False)
class Balance:
    """How alike the orders of both policies are before they start.

    Attributes
    ----------
    table : DataFrame
        A row an attribute: ``old``, ``new`` (means; named by the arms) and ``difference`` (of the
        means, in standard deviations).
    p_value : float
        Of the whole table (Mahalanobis distance of the means) among assignments that the same
        design could have made. Below .001 the assignment or the log is broken.
    missing_p : float
        Of equal shares of orders without an outcome (Fisher's exact test); NaN where not asked.
    """

    table: pd.DataFrame
    p_value: float
    missing_p: float


def balance(orders: pd.DataFrame, attributes: Sequence[str], *,
            arms: tuple[str, str] = ("old", "new"), block: int = 4, outcome: str | None = None,
            draws: int = 999, seed: int = 0) -> Balance:
    """Check an assignment against the attributes of the orders.

    Parameters
    ----------
    orders : DataFrame
        :attr:`Assigner.table`, perhaps with outcomes.
    attributes : sequence of str
        Columns known before the order starts.
    arms, block
        Of the assigner.
    outcome : str, optional
        Column whose missing values are counted by arm: a policy that loses orders makes every
        later comparison unfair.
    draws, seed
        Of the redrawn assignments.

    Examples
    --------
    >>> assigner = Assigner({}, seed=1)
    >>> for k in range(40):
    ...     _ = assigner.assign(k, size_share=float(k % 5))
    >>> balance(assigner.table, ["size_share"]).p_value > 0.001
    True
    """
    attributes = list(attributes)
    need_columns(orders, ["stratum", "place", "arm", *attributes], "orders")
    unknown = set(orders["arm"]) - set(arms)
    if unknown:
        raise ValueError(f"orders has the arm {unknown.pop()!r}; the arms are {arms!r}")
    new = (orders["arm"] == arms[1]).to_numpy()
    if new.all() or not new.any():
        raise ValueError("all orders have the same arm")
    x = orders[attributes].to_numpy(np.float64)
    spread = x.std(axis=0, ddof=1)
    means = [x[~new].mean(axis=0), x[new].mean(axis=0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(spread > 0, (means[1] - means[0]) / spread, 0.0)
    table = pd.DataFrame({arms[0]: means[0], arms[1]: means[1], "difference": told},
                         index=pd.Index(attributes, name="attribute"))
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(x.T)))
    rng = np.random.default_rng(seed)
    drawn = redrawn(orders["stratum"].to_numpy(), orders["place"].to_numpy(), block, draws, rng)
    distance = _distance(np.vstack([new, drawn]), x, inverse)
    p = p_value(float(distance[0]), distance[1:])
    missing_p = np.nan
    if outcome is not None:
        lost = orders[outcome].isna().to_numpy()
        counts = [[(lost & side).sum(), (~lost & side).sum()] for side in (~new, new)]
        missing_p = float(fisher_exact(counts)[1])
    return Balance(table, p, missing_p)


def redrawn(stratum: np.ndarray, place: np.ndarray, block: int, draws: int,
            rng: np.random.Generator) -> np.ndarray:
    """Assignments that the design could have made, shape (draws, orders); True = the new policy.

    Parameters
    ----------
    stratum, place : ndarray of int, shape (orders,)
        Of each order, and its place in its stratum, from 0. A last block that is not full is the
        beginning of a full one.
    block : int
    draws : int
    rng : Generator
    """
    found = np.empty((draws, len(place)), dtype=bool)
    block_of, within = np.divmod(place, block)
    _, group = np.unique(np.column_stack([stratum, block_of]), axis=0, return_inverse=True)
    groups = int(group.max()) + 1
    for draw in range(draws):
        rank = rng.random((groups, block)).argsort(axis=1)
        found[draw] = rank[group.ravel(), within] >= block // 2
    return found


def _dealt(key: list[int], block: int) -> np.ndarray:
    """Arms (0 or 1) of a block of orders."""
    return np.random.default_rng(key).permutation(np.arange(block) % 2)


def _distance(new: np.ndarray, x: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Mahalanobis distance of the arms' means for each assignment."""
    new = new.astype(np.float64)
    count = np.clip(new.sum(axis=1, keepdims=True), 1, x.shape[0] - 1)
    gap = new @ x / count - (1 - new) @ x / (x.shape[0] - count)
    return (gap @ inverse * gap).sum(axis=1)
