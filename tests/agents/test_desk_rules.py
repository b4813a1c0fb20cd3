"""Laws of the linear rule for desks: it acts name by name, and tuning finds what helps."""

import numpy as np
import pytest
from desk import SHORT

from lobsim.agents.desk_rules import CENTRES, LinearPace, tuned_desk
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_names import ROW_OBSERVED

COMMON = len(pl.BOOK_OBSERVED)


def test_numbers_are_linear_in_the_columns_of_each_name_and_cut():
    seen = np.random.default_rng(2).uniform(0, 1, (4, 3 * pl.NAME_COLUMNS + COMMON))
    rule = LinearPace({"constant": 0.1, "aversion": 0.5, "spread_bps": -0.2}, {"volume": 9.0})
    found = rule(seen).reshape(4, 3, 2)
    for n in range(3):
        of = dict(zip(ROW_OBSERVED, seen[:, n * pl.NAME_COLUMNS:(n + 1) * pl.NAME_COLUMNS].T))
        shift = (0.1 + 0.5 * (of["aversion"] - CENTRES["aversion"])
                 - 0.2 * (of["spread_bps"] - CENTRES["spread_bps"]))
        assert found[:, n, 0] == pytest.approx(shift)
        assert found[:, n, 1] == pytest.approx(np.minimum(9.0 * of["volume"], 1.0))
    assert not LinearPace()(seen).any()
    with pytest.raises(ValueError, match="a weight is of 'weather'; columns are"):
        LinearPace({"weather": 1.0})


def test_a_search_from_the_same_seed_finds_the_same_rule():
    small = dict(columns=(), generations=2, candidates=4, days=2, **SHORT)
    small = {name: value for name, value in small.items()
             if name not in ("slice_s", "max_shift_s")}
    seen = np.zeros((1, 3 * pl.NAME_COLUMNS + COMMON))
    one, again, other = (tuned_desk(**small | {"seed": seed})(seen) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert one.shape == (1, 6) and len(np.unique(one)) == 2
