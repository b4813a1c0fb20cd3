"""Exercises 1 and 5 of lesson 06: backward induction, and a cost shaped by a potential."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# The two lots of the lesson: actions rest one, cross one, cross two; states 0, 1, 2 lots left.
TWO_LOTS_CHANCE = np.array([[[1, 0, 0], [0.3, 0.7, 0], [0, 0.3, 0.7]],
                            [[1, 0, 0], [1, 0, 0], [0, 1, 0]],
                            [[1, 0, 0], [1, 0, 0], [1, 0, 0]]])
TWO_LOTS_COST = np.array([[[0, -0.3, -0.3], [0, 1, 1], [0, 1, 3]]] * 2, dtype=float)
WALK = np.array([0.0, 1.0, 3.0])

# --------------------------------------------------------------------------- 1 backward_induction


def reference_induction(chance, cost, final_cost, discount):
    return _induction(chance, cost, final_cost, discount)


def _induction(chance, cost, final_cost, discount, best=np.argmin, ahead=1.0, turned=False,
               on_cost=1.0, forward=False, final=1.0):
    steps, states = len(cost), len(final_cost)
    values = np.zeros((steps + 1, states))
    actions = np.zeros((steps, states), int)
    values[steps] = final * final_cost
    for t in reversed(range(steps)):
        moved = [(p.T if turned else p) @ values[t + 1] for p in chance]
        total = on_cost * cost[steps - 1 - t if forward else t] + ahead * discount * np.array(moved)
        actions[t] = best(total, axis=0)
        values[t] = total[actions[t], np.arange(states)]
    return values, actions


def _largest(chance, cost, final_cost, discount):
    allowed = np.where(np.isinf(cost), -np.inf, cost)
    return _induction(chance, allowed, final_cost, discount, best=np.argmax)


def _myopic(chance, cost, final_cost, discount):
    """Picks what is cheapest now, and follows it to the end."""
    values, actions = [np.asarray(final_cost, dtype=float)], []
    for t in reversed(range(len(cost))):
        pick = cost[t].argmin(axis=0)
        total = cost[t] + discount * np.array([p @ values[0] for p in chance])
        values.insert(0, total[pick, np.arange(len(final_cost))])
        actions.insert(0, pick)
    return np.array(values), np.array(actions)


def _no_discount(chance, cost, final_cost, discount):
    return _induction(chance, cost, final_cost, 1.0)


def _last_of_equals(chance, cost, final_cost, discount):
    def last(total, axis):
        return len(total) - 1 - total[::-1].argmin(axis=axis)

    return _induction(chance, cost, final_cost, discount, best=last)


def _all_discounted(chance, cost, final_cost, discount):
    return _induction(chance, cost, final_cost, discount, on_cost=discount)


def _transposed(chance, cost, final_cost, discount):
    return _induction(chance, cost, final_cost, discount, turned=True)


def _no_final(chance, cost, final_cost, discount):
    return _induction(chance, cost, final_cost, discount, final=0.0)


def _order_of_time(chance, cost, final_cost, discount):
    return _induction(chance, cost, final_cost, discount, forward=True)


def _wishful(chance, cost, final_cost, discount):
    """The best next state that can be reached in place of the mean over them."""
    steps, states = len(cost), len(final_cost)
    values, actions = np.zeros((steps + 1, states)), np.zeros((steps, states), int)
    values[steps] = final_cost
    for t in reversed(range(steps)):
        reach = np.where(chance > 0, values[t + 1][None, None, :], np.inf).min(axis=2)
        total = cost[t] + discount * reach
        actions[t], values[t] = total.argmin(axis=0), total.min(axis=0)
    return values, actions


def _world(rng, steps, states, actions, discount):
    chance = rng.dirichlet(np.ones(states), (actions, states)).round(3)
    chance[..., 0] += 1 - chance.sum(axis=2)
    return {"chance": chance.clip(0), "cost": rng.uniform(-2, 5, (steps, actions, states)).round(3),
            "final_cost": rng.uniform(0, 9, states).round(3), "discount": discount}


def random_worlds(rng):
    return [Case(_world(rng, steps, states, actions, discount), f"{steps} steps")
            for steps, states, actions, discount in ((3, 4, 2, 1.0), (5, 3, 4, 0.9))]


def forbidden(rng):
    one = _world(rng, 3, 4, 3, 0.8)
    one["cost"][:, 1, ::2] = np.inf
    return [Case(one), Case(_world(rng, 1, 2, 2, 0.5))]


TWO_LOTS = {"chance": TWO_LOTS_CHANCE, "cost": TWO_LOTS_COST, "final_cost": WALK, "discount": 1.0}

INDUCTION = Check(
    name="backward_induction",
    title="Backward induction",
    reference=reference_induction,
    tolerance=EXACT,
    reread='"Two lots, two decisions": the table, from the last decision to the first',
    parts=[
        Part("two lots by hand", 1.0, [Case(TWO_LOTS, "the table above")],
             category="worked example"),
        Part("worlds of your own", 3.0, random_worlds, False, category="other numbers"),
        Part("forbidden actions, and a single decision", 1.0, forbidden, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("largest", _largest, "these are costs: the best action has the smallest total"),
        Mistake("myopic", _myopic,
                "your action is the cheapest now; add what the state it leads to will cost"),
        Mistake("last_of_equals", _last_of_equals,
                "of equally good actions take the one with the lowest number"),
        Mistake("no_discount", _no_discount, "what comes one step later counts `discount` times"),
        Mistake("all_discounted", _all_discounted,
                "only what comes later is discounted, not the cost of the step itself"),
        Mistake("transposed", _transposed,
                "chance[a, s, s2] leads from s to s2: sum over the last index"),
        Mistake("no_final", _no_final,
                "after the last decision comes `final_cost`, not nothing"),
        Mistake("order_of_time", _order_of_time,
                "you go backward in time, and so must the costs: cost[t] belongs to decision t"),
        Mistake("wishful", _wishful,
                "you may choose the action, not the state it leads to: take the mean over states"),
    ],
)

# --------------------------------------------------------------------------- 5 shaped_cost


def reference_shaped(chance, cost, potential, discount):
    return _shaped(chance, cost, potential, discount)


def _shaped(chance, cost, potential, discount, sign=1.0, ahead=None, end=0.0, back=1.0, shift=1):
    after = np.array(potential[1:], dtype=float)
    after[-1] *= end
    if not shift:
        after = np.array(potential[:-1], dtype=float)
        after[-1] *= end
    ahead = discount if ahead is None else ahead
    moved = np.einsum("ast,kt->kas", chance, after)
    return cost + sign * (ahead * moved - back * np.asarray(potential)[:-1, None, :])


def _end_kept(chance, cost, potential, discount):
    return _shaped(chance, cost, potential, discount, end=1.0)


def _turned(chance, cost, potential, discount):
    return _shaped(chance, cost, potential, discount, sign=-1.0)


def _undiscounted(chance, cost, potential, discount):
    return _shaped(chance, cost, potential, discount, ahead=1.0)


def _bonus(chance, cost, potential, discount):
    return _shaped(chance, cost, potential, discount, back=0.0)


def _only_now(chance, cost, potential, discount):
    return _shaped(chance, cost, potential, discount, ahead=0.0)


def _same_time(chance, cost, potential, discount):
    return _shaped(chance, cost, potential, discount, shift=0)


def _own_state(chance, cost, potential, discount):
    """The change of the potential in time, of the state that one is in."""
    after = np.array(potential[1:], dtype=float)
    after[-1] = 0.0
    return cost + (discount * after - np.asarray(potential)[:-1])[:, None, :]


def _shaped_worlds(rng, sizes):
    for steps, states, actions, discount in sizes:
        one = _world(rng, steps, states, actions, discount)
        yield Case({"chance": one["chance"], "cost": one["cost"],
                    "potential": rng.uniform(-3, 3, (steps + 1, states)).round(3),
                    "discount": discount})


def random_potentials(rng):
    return list(_shaped_worlds(rng, ((3, 3, 2, 0.9), (4, 4, 3, 1.0))))


def short(rng):
    return list(_shaped_worlds(rng, ((1, 3, 2, 0.5), (2, 2, 2, 0.0))))


BEHIND = {"chance": TWO_LOTS_CHANCE, "cost": TWO_LOTS_COST,
          "potential": np.array([[0.0, 1, 2], [0, 2, 4], [0, 3, 6]]), "discount": 1.0}

SHAPED = Check(
    name="shaped_cost",
    title="A hint that moves nothing",
    reference=reference_shaped,
    tolerance=EXACT,
    reread='"Shaping": equation 5 and the line about the end',
    parts=[
        Part("two lots by hand", 1.0, [Case(BEHIND, "the potential above")],
             category="worked example"),
        Part("potentials of your own", 2.0, random_potentials, False, category="other numbers"),
        Part("one decision, and a learner who does not look ahead", 1.0, short, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("end_kept", _end_kept,
                "after the last decision the potential is 0, whatever the array says"),
        Mistake("own_state", _own_state,
                "the later potential is that of the state the action leads to: its mean is "
                "chance @ potential[k + 1]"),
        Mistake("turned", _turned,
                "a cost that falls with the potential: discount x after less before, not the "
                "other way round"),
        Mistake("undiscounted", _undiscounted,
                "the potential after the step is discounted; without it the optimum moves"),
        Mistake("bonus", _bonus,
                "you charge the state you come to and never pay it back: this moves the optimum"),
        Mistake("only_now", _only_now, "the potential of where the action leads is missing"),
        Mistake("same_time", _same_time,
                "where the action leads it is one decision later: potential[t + 1]"),
    ],
)

CHECKS = [INDUCTION, SHAPED]
