"""Exercise 6 of lesson 06: backward Q-learning from a log."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")


def reference_q(left, action, cost, next_left, leftover_cost, steps, actions):
    return _table(left, action, cost, next_left, leftover_cost, steps, actions)


def _table(left, action, cost, next_left, leftover_cost, steps, actions, round_=None, unseen=np.inf,
           best=np.min, end=True, sums=False, once=False):
    states = len(leftover_cost)
    value = np.array(leftover_cost, dtype=float) * end
    cell = left * actions + action
    seen = np.bincount(cell, minlength=states * actions)
    moved = next_left if round_ is None else round_(next_left)
    tables = np.full((steps, states, actions), np.inf)
    for t in reversed(range(steps)):
        after = np.interp(moved, np.arange(states), value)
        total = np.bincount(cell, cost + after, minlength=states * actions)
        mean = np.where(seen > 0, total / (1 if sums else np.maximum(seen, 1)), unseen)
        tables[t] = mean.reshape(states, actions)
        tables[t, 0] = 0.0
        if not once:
            value = best(tables[t], axis=1)
    return tables


def _ceiling(left, action, cost, next_left, leftover_cost, steps, actions):
    return _table(left, action, cost, next_left, leftover_cost, steps, actions, round_=np.ceil)


def _floor(left, action, cost, next_left, leftover_cost, steps, actions):
    return _table(left, action, cost, next_left, leftover_cost, steps, actions, round_=np.floor)


def _unseen_is_free(left, action, cost, next_left, leftover_cost, steps, actions):
    return _table(left, action, cost, next_left, leftover_cost, steps, actions, unseen=0.0)


def _unseen_is_unknown(left, action, cost, next_left, leftover_cost, steps, actions):
    table = _table(left, action, cost, next_left, leftover_cost, steps, actions)
    return np.where(np.isinf(table), np.nan, table)


def _empty_unseen(left, action, cost, next_left, leftover_cost, steps, actions):
    table = _table(left, action, cost, next_left, leftover_cost, steps, actions)
    table[:, 0] = np.inf
    return table


def _worst(left, action, cost, next_left, leftover_cost, steps, actions):
    return _table(left, action, cost, next_left, leftover_cost, steps, actions, best=np.max)


def _of_all(left, action, cost, next_left, leftover_cost, steps, actions):
    def mean(values, axis):
        fine = np.isfinite(values)
        return np.where(fine, values, 0).sum(axis=axis) / np.maximum(fine.sum(axis=axis), 1)

    return _table(left, action, cost, next_left, leftover_cost, steps, actions, best=mean)


def _no_leftover(left, action, cost, next_left, leftover_cost, steps, actions):
    return _table(left, action, cost, next_left, leftover_cost, steps, actions, end=False)


def _sums(left, action, cost, next_left, leftover_cost, steps, actions):
    return _table(left, action, cost, next_left, leftover_cost, steps, actions, sums=True)


def _one_step(left, action, cost, next_left, leftover_cost, steps, actions):
    return _table(left, action, cost, next_left, leftover_cost, steps, actions, once=True)


def _backward_order(left, action, cost, next_left, leftover_cost, steps, actions):
    right = _table(left, action, cost, next_left, leftover_cost, steps, actions)
    return right[::-1]


def _log(rng, rows, units, actions, whole=False):
    left = np.concatenate([np.arange(1, units + 1), rng.integers(1, units + 1, rows)])
    action = np.concatenate([np.zeros(units, int), rng.integers(0, actions, rows)])
    traded = rng.uniform(0, 1, len(left)) * action.clip(0, 2)
    traded = np.minimum(traded.round() if whole else traded.round(2), left)
    return {"left": left, "action": action, "cost": rng.normal(0.2, 1, len(left)).round(3),
            "next_left": left - traded, "leftover_cost": np.arange(units + 1.0) ** 2 / 2,
            "steps": int(rng.integers(3, 6)), "actions": actions}


def random_logs(rng):
    return [Case(_log(rng, 60, 4, 3), "partial fills"), Case(_log(rng, 200, 6, 4, whole=True))]


def thin(rng):
    # of the fifth action there is no row: the table cannot take its shape from the log
    return [Case(_log(rng, 6, 3, 4) | {"actions": 5}), Case(_log(rng, 4, 2, 2) | {"steps": 1})]


FIVE_ROWS = {"left": np.array([1, 1, 2, 2, 2]), "action": np.array([0, 1, 0, 0, 1]),
             "cost": np.array([0.0, 1.0, -0.5, 0.0, 1.0]),
             "next_left": np.array([1.0, 0.0, 1.5, 2.0, 1.0]),
             "leftover_cost": np.array([0.0, 1.5, 4.0]), "steps": 2, "actions": 2}

TABLE = Check(
    name="backward_q",
    title="Q-learning, backward",
    reference=reference_q,
    tolerance=EXACT,
    reread='"A table that learns": five rows by hand, then equation 8',
    parts=[
        Part("five rows by hand", 1.0, [Case(FIVE_ROWS, "the log above")],
             category="worked example"),
        Part("logs of your own", 3.0, random_logs, False, category="other numbers"),
        Part("actions that were never tried, and a single decision", 2.0, thin, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("ceiling", _ceiling,
                "next_left is not whole: take the value between two entries (np.interp)"),
        Mistake("floor", _floor,
                "next_left is not whole: take the value between two entries (np.interp)"),
        Mistake("unseen_is_free", _unseen_is_free,
                "what was never tried is not free: its entry is infinite"),
        Mistake("unseen_is_unknown", _unseen_is_unknown,
                "what was never tried costs infinity, not nan"),
        Mistake("empty_unseen", _empty_unseen,
                "an empty order needs no action: its row is 0, tried or not"),
        Mistake("worst", _worst, "these are costs: the value is the smallest entry"),
        Mistake("of_all", _of_all,
                "from the next step on you act at your best: the smallest entry, not their mean"),
        Mistake("no_leftover", _no_leftover,
                "after the last decision what is left costs leftover_cost"),
        Mistake("sums", _sums, "an entry is the mean over the rows of the log, not their sum"),
        Mistake("one_step", _one_step,
                "each step must use the values of the step after it; yours always uses the end"),
        Mistake("backward_order", _backward_order,
                "the first entry of the table belongs to the first decision"),
    ],
)

CHECKS = [TABLE]
