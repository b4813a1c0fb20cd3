"""Exercises 2 to 5 of lesson 07: target, gradient step, target network, exploration."""

import numpy as np
import torch
from stable_baselines3.common.utils import polyak_update
from torch.nn import functional

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

SINGLE = Tolerance(rtol=1e-5, atol=1e-6, why="single precision will do")

# --------------------------------------------------------------------------- 2 td_targets


def reference_targets(reward, terminated, target_next, online_next, gamma, double):
    """As `lobsim.agents.algorithms.BudgetDQN`, and the DQN of Stable-Baselines3, form them."""
    target_next, online_next = (torch.as_tensor(np.array(one, float))
                                for one in (target_next, online_next))
    if double:
        best = torch.as_tensor(np.argmax(online_next.numpy(), axis=1))[:, None]
        ahead = target_next.gather(1, best)[:, 0]
    else:
        ahead = target_next.max(dim=1).values
    ended = torch.as_tensor(np.array(terminated, float))
    return (torch.as_tensor(np.array(reward, float)) + (1 - ended) * gamma * ahead).numpy()


def _targets(reward, terminated, ahead, gamma):
    return reward + gamma * np.where(terminated, 0.0, ahead)


def _always_single(reward, terminated, target_next, online_next, gamma, double):
    return _targets(reward, terminated, target_next.max(axis=1), gamma)


def _turned(reward, terminated, target_next, online_next, gamma, double):
    rows = np.arange(len(reward))
    if not double:
        return _targets(reward, terminated, target_next.max(axis=1), gamma)
    return _targets(reward, terminated, online_next[rows, target_next.argmax(axis=1)], gamma)


def _own(reward, terminated, target_next, online_next, gamma, double):
    if not double:
        return _targets(reward, terminated, target_next.max(axis=1), gamma)
    return _targets(reward, terminated, online_next.max(axis=1), gamma)


def _online(reward, terminated, target_next, online_next, gamma, double):
    rows = np.arange(len(reward))
    ahead = target_next[rows, online_next.argmax(axis=1)] if double else online_next.max(axis=1)
    return _targets(reward, terminated, ahead, gamma)


def _no_end(reward, terminated, target_next, online_next, gamma, double):
    return reference_targets(reward, np.zeros(len(reward)), target_next, online_next, gamma, double)


def _only_ends(reward, terminated, target_next, online_next, gamma, double):
    return reference_targets(reward, ~np.asarray(terminated, bool), target_next, online_next,
                             gamma, double)


def _no_discount(reward, terminated, target_next, online_next, gamma, double):
    return reference_targets(reward, terminated, target_next, online_next, 1.0, double)


def _all_discounted(reward, terminated, target_next, online_next, gamma, double):
    ahead = reference_targets(0 * reward, terminated, target_next, online_next, 1.0, double)
    return gamma * (reward + ahead)


def _smallest(reward, terminated, target_next, online_next, gamma, double):
    return -reference_targets(-reward, terminated, -target_next, -online_next, gamma, double) \
        if not double else -_own_smallest(reward, terminated, target_next, online_next, gamma)


def _own_smallest(reward, terminated, target_next, online_next, gamma):
    return reference_targets(-reward, terminated, -target_next, -online_next, gamma, True)


def _mean(reward, terminated, target_next, online_next, gamma, double):
    return _targets(reward, terminated, target_next.mean(axis=1), gamma)


def _batch(rng, rows, actions, gamma, double):
    terminated = rng.random(rows) < 0.3
    terminated[:2] = True, False
    return {"reward": rng.normal(size=rows).round(2), "terminated": terminated,
            "target_next": rng.normal(size=(rows, actions)).round(2),
            "online_next": rng.normal(size=(rows, actions)).round(2), "gamma": gamma,
            "double": double}


def batches(rng):
    return [Case(_batch(rng, 12, 4, 0.9, False)), Case(_batch(rng, 12, 4, 0.9, True)),
            Case(_batch(rng, 9, 6, 0.99, True))]


def odd_batches(rng):
    tied = _batch(rng, 8, 3, 0.5, True)
    tied["online_next"] = np.tile([1.0, 2.0, 2.0], (8, 1))
    return [Case(tied), Case(_batch(rng, 6, 1, 0.8, True)),
            Case(_batch(rng, 6, 3, 0.0, False))]


THREE = {"reward": np.array([1.0, -2.0, -4.0]), "terminated": np.array([False, False, True]),
         "target_next": np.array([[2.0, 5], [1, 0], [3, 1]]),
         "online_next": np.array([[4.0, 3], [0, 3], [2, 2]]), "gamma": 0.9}

TARGETS = Check(
    name="td_targets",
    title="TD targets, single and double",
    reference=reference_targets,
    tolerance=SINGLE,
    reread='"What to pull to": the table, from the value after the step to the target',
    parts=[
        Part("three rows by hand", 1.0, [Case(THREE | {"double": False}, "equation 1"),
                                         Case(THREE | {"double": True}, "equation 2")],
             category="worked example"),
        Part("batches of your own", 3.0, batches, False, category="other numbers"),
        Part("ties, one action, no look ahead", 1.0, odd_batches, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("always_single", _always_single,
                "with double the network that learns chooses, the target network tells the value"),
        Mistake("turned", _turned,
                "chooser and teller are the wrong way round: online_next chooses, target_next "
                "tells"),
        Mistake("own", _own,
                "the network that chose tells the value as well: its luck is back"),
        Mistake("online", _online, "without double both jobs are done by target_next"),
        Mistake("no_end", _no_end, "nothing comes after a terminated step: its target is r alone"),
        Mistake("only_ends", _only_ends,
                "the end is turned round: terminated rows get nothing from what comes after"),
        Mistake("no_discount", _no_discount, "what comes one step later counts `gamma` times"),
        Mistake("all_discounted", _all_discounted,
                "only what comes later is discounted, not the reward of the step itself"),
        Mistake("smallest", _smallest, "these are rewards: the best action has the largest value"),
        Mistake("mean", _mean, "from the next step on you act at your best, not at random"),
    ],
)

# --------------------------------------------------------------------------- 3 gradient_step


def reference_step(weights, bias, seen, action, target, rate):
    return _step(weights, bias, seen, action, target, rate, functional.smooth_l1_loss)


def _step(weights, bias, seen, action, target, rate, loss_of, everything=False, uphill=False):
    w, b = (torch.tensor(np.array(one, float), requires_grad=True) for one in (weights, bias))
    values = torch.as_tensor(np.array(seen, float)) @ w.T + b
    goal = torch.as_tensor(np.array(target, float))
    if everything:
        taken, goal = values, goal[:, None].expand(values.shape)
    else:
        taken = values[torch.arange(len(action)), torch.as_tensor(np.array(action))]
    loss = loss_of(taken, goal)
    loss.backward()
    step = -rate if uphill else rate
    with torch.no_grad():
        return loss.item(), (w - step * w.grad).numpy(), (b - step * b.grad).numpy()


def _squared(weights, bias, seen, action, target, rate):
    return _step(weights, bias, seen, action, target, rate, functional.mse_loss)


def _half_squared(weights, bias, seen, action, target, rate):
    return _step(weights, bias, seen, action, target, rate,
                 lambda got, goal: 0.5 * functional.mse_loss(got, goal))


def _absolute(weights, bias, seen, action, target, rate):
    return _step(weights, bias, seen, action, target, rate, functional.l1_loss)


def _sum(weights, bias, seen, action, target, rate):
    return _step(weights, bias, seen, action, target, rate,
                 lambda got, goal: functional.smooth_l1_loss(got, goal, reduction="sum"))


def _all_actions(weights, bias, seen, action, target, rate):
    return _step(weights, bias, seen, action, target, rate, functional.smooth_l1_loss,
                 everything=True)


def _uphill(weights, bias, seen, action, target, rate):
    return _step(weights, bias, seen, action, target, rate, functional.smooth_l1_loss, uphill=True)


def _after(weights, bias, seen, action, target, rate):
    _, w, b = reference_step(weights, bias, seen, action, target, rate)
    return reference_step(w, b, seen, action, target, 0.0)[0], w, b


def _no_bias(weights, bias, seen, action, target, rate):
    loss, w, _ = reference_step(weights, bias, seen, action, target, rate)
    return loss, w, np.array(bias, float)


def _linear(rng, actions, columns, rows, spread, rate):
    return {"weights": rng.normal(size=(actions, columns)).round(2),
            "bias": rng.normal(size=actions).round(2),
            "seen": rng.normal(size=(rows, columns)).round(2),
            "action": rng.integers(0, actions, rows),
            "target": (spread * rng.normal(size=rows)).round(2), "rate": rate}


def linear_networks(rng):
    return [Case(_linear(rng, 3, 4, 10, 3.0, 0.1)), Case(_linear(rng, 6, 2, 16, 4.0, 0.5))]


def odd_networks(rng):
    same = _linear(rng, 3, 2, 5, 3.0, 0.2)
    same["action"] = np.full(5, 1)
    return [Case(_linear(rng, 2, 3, 1, 9.0, 0.3)), Case(same)]


TWO_ROWS = {"weights": np.eye(2), "bias": np.zeros(2), "seen": np.array([[1.0, 2], [2, 1]]),
            "action": np.array([0, 1]), "target": np.array([0.5, 4.0]), "rate": 0.1}

STEP = Check(
    name="gradient_step",
    title="One gradient step",
    reference=reference_step,
    tolerance=SINGLE,
    reread='"One gradient step": the table of the two rows',
    parts=[
        Part("two rows by hand", 1.0, [Case(TWO_ROWS, "the table above")],
             category="worked example"),
        Part("networks of your own", 4.0, linear_networks, False, category="other numbers"),
        Part("one row, and one action alone", 1.0, odd_networks, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("squared", _squared, "the squared error follows outliers: this is Huber's loss"),
        Mistake("half_squared", _half_squared,
                "half the squared error holds within 1 only; beyond, the loss is straight"),
        Mistake("absolute", _absolute, "within 1 the loss is quadratic, not straight"),
        Mistake("sum", _sum, "the loss is the mean over the batch, not the sum"),
        Mistake("all_actions", _all_actions,
                "only the action that was taken is pulled to the target; of the others nothing is "
                "known"),
        Mistake("uphill", _uphill, "you go uphill: the step is minus rate times the gradient"),
        Mistake("after", _after, "the loss is asked for as it was before the step"),
        Mistake("no_bias", _no_bias, "the bias learns, too"),
    ],
)

# --------------------------------------------------------------------------- 4 follow


def reference_follow(online, every, tau):
    """By Stable-Baselines3's own update."""
    online = np.array(online, float)
    copy = torch.tensor(online[0])
    rows = [copy.numpy().copy()]
    for k in range(1, len(online)):
        if k % every == 0:
            polyak_update([torch.tensor(online[k])], [copy], tau)
        rows.append(copy.numpy().copy())
    return np.array(rows)


def _follow(online, every, tau, first=1, shift=0, lag=0):
    online = np.array(online, float)
    rows = [online[0]]
    for k in range(1, len(online)):
        share = tau if k >= first and (k + shift) % every == 0 else 0.0
        rows.append((1 - share) * rows[-1] + share * online[k - lag])
    return np.array(rows)


def _turned_tau(online, every, tau):
    return _follow(online, every, 1.0 - tau)


def _always_copy(online, every, tau):
    return _follow(online, every, 1.0)


def _each_step(online, every, tau):
    return _follow(online, 1, tau)


def _late(online, every, tau):
    return _follow(online, every, tau, shift=-1)


def _older(online, every, tau):
    return _follow(online, every, tau, lag=1)


def _one_memory(online, every, tau):
    """One array that is changed in place and appended again and again."""
    path = _follow(online, every, tau)
    return np.repeat(path[-1:], len(path), axis=0)


def _same(online, every, tau):
    return np.array(online, float)


def _paths(rng, sizes):
    for steps, width, every, tau in sizes:
        yield Case({"online": rng.normal(size=(steps + 1, width)).round(2), "every": every,
                    "tau": tau})


def paths(rng):
    return list(_paths(rng, ((11, 3, 3, 1.0), (8, 2, 1, 0.2), (12, 2, 4, 0.5))))


def odd_paths(rng):
    return list(_paths(rng, ((3, 2, 5, 1.0), (0, 2, 1, 0.5))))


FIVE = np.array([[0.0], [4], [8], [8], [8]])

FOLLOW = Check(
    name="follow",
    title="The target network follows",
    reference=reference_follow,
    tolerance=SINGLE,
    reread='"Two slow things": equation 4 and the line of numbers below it',
    parts=[
        Part("five weights by hand", 1.0,
             [Case({"online": FIVE, "every": 2, "tau": 1.0}, "a copy every 2 steps"),
              Case({"online": FIVE, "every": 1, "tau": 0.5}, "half way at every step")],
             category="worked example"),
        Part("paths of your own", 1.5, paths, False, category="other numbers"),
        Part("never updated, and no step at all", 0.5, odd_paths, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("turned_tau", _turned_tau, "tau is the share of the new weights, not of the old"),
        Mistake("always_copy", _always_copy, "with tau below 1 the target goes only a part of the "
                                             "way"),
        Mistake("each_step", _each_step, "the target moves only after steps that are a multiple of "
                                         "`every`"),
        Mistake("late", _late,
                "updates come after steps that are a multiple of `every`, not one step late"),
        Mistake("older", _older, "after step k the target moves towards row k"),
        Mistake("one_memory", _one_memory,
                "all your rows are one array that changes in place: make a new one in each step"),
        Mistake("same", _same, "your target is the network that learns: nothing is held still"),
    ],
)

# --------------------------------------------------------------------------- 5 choose


def reference_choose(values, share, fraction, final, u, v):
    return _choose(values, share, fraction, final, u, v)


def _epsilon(share, fraction, final):
    return final if share >= fraction else 1.0 + share / fraction * (final - 1.0)


def _choose(values, share, fraction, final, u, v, epsilon=_epsilon):
    values = np.asarray(values)
    stray = np.asarray(u) < epsilon(share, fraction, final)
    return np.where(stray, np.floor(np.asarray(v) * values.shape[1]).astype(int),
                    values.argmax(axis=1))


def _one_coin(values, share, fraction, final, u, v):
    return _choose(values, share, fraction, final, np.full(len(u), u[0]), v)


def _turned_coin(values, share, fraction, final, u, v):
    return _choose(values, share, fraction, final, 1.0 - u, v,
                   lambda *given: 1.0 - _epsilon(*given))


def _past_final(values, share, fraction, final, u, v):
    return _choose(values, share, fraction, final, u, v,
                   lambda *given: 1.0 + share / fraction * (final - 1.0))


def _whole_budget(values, share, fraction, final, u, v):
    return _choose(values, share, fraction, final, u, v,
                   lambda *given: 1.0 + share * (final - 1.0))


def _to_zero(values, share, fraction, final, u, v):
    return _choose(values, share, fraction, final, u, v,
                   lambda *given: max(0.0, 1.0 - share / fraction))


def _rising(values, share, fraction, final, u, v):
    return _choose(values, share, fraction, final, u, v,
                   lambda *given: final + min(1.0, share / fraction) * (1.0 - final))


def _only_best(values, share, fraction, final, u, v):
    return np.asarray(values).argmax(axis=1)


def _rounded(values, share, fraction, final, u, v):
    values = np.asarray(values)
    stray = np.asarray(u) < _epsilon(share, fraction, final)
    return np.where(stray, np.rint(np.asarray(v) * (values.shape[1] - 1)).astype(int),
                    values.argmax(axis=1))


def _throws(rng, count, actions, share, fraction, final):
    return {"values": rng.normal(size=(count, actions)).round(2), "share": share,
            "fraction": fraction, "final": final, "u": rng.random(count).round(3),
            "v": (0.999 * rng.random(count)).round(3)}


def throws(rng):
    return [Case(_throws(rng, 40, 5, 0.15, 0.5, 0.1)), Case(_throws(rng, 40, 3, 0.4, 0.6, 0.02)),
            Case(_throws(rng, 60, 4, 0.8, 0.4, 0.3), "after the fraction")]


def odd_throws(rng):
    return [Case(_throws(rng, 30, 4, 0.0, 0.3, 0.05), "at the start all is random"),
            Case(_throws(rng, 30, 4, 1.0, 0.5, 0.0), "at the end nothing is")]


THROWN = {"values": np.array([[0.2, 0.9, 0.1], [0.2, 0.9, 0.1], [1.5, -1.0, 0.0]]), "share": 0.2,
          "fraction": 0.4, "final": 0.05, "u": np.array([0.6, 0.5, 0.53]),
          "v": np.array([0.95, 0.95, 0.1])}

CHOOSE = Check(
    name="choose",
    title="Epsilon-greedy, side by side",
    reference=reference_choose,
    reread='"Two slow things": equation 5 and the table of three environments',
    parts=[
        Part("three environments by hand", 1.0,
             [Case(THROWN, "the table above"),
              Case(THROWN | {"share": 0.8, "u": np.array([0.6, 0.04, 0.06])},
                   "after the fraction: epsilon is 0.05")], category="worked example"),
        Part("throws of your own", 2.0, throws, False, category="other numbers"),
        Part("the start, and the very end", 1.0, odd_throws, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("turned_coin", _turned_coin,
                "with chance epsilon the action is random: u below epsilon strays"),
        Mistake("past_final", _past_final, "after `fraction` of the budget epsilon stays at final"),
        Mistake("whole_budget", _whole_budget,
                "epsilon reaches final after `fraction` of the budget, not at its end"),
        Mistake("to_zero", _to_zero, "the line leads from 1 to `final`, not to 0"),
        Mistake("rising", _rising, "exploration begins at 1 and fades to `final`"),
        Mistake("one_coin", _one_coin, "each environment has its own u: one of them may stray "
                                       "while its neighbour does not"),
        Mistake("only_best", _only_best, "some environments stray: u below epsilon"),
        Mistake("rounded", _rounded, "a random action is the whole part of v times A: each has the "
                                     "same chance"),
    ],
)

CHECKS = [TARGETS, STEP, FOLLOW, CHOOSE]
