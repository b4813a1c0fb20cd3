"""Exercises 2, 4 and 5 of lesson 09: the critics' target, the temperature, and Polyak's average.

PyTorch is imported where it is used: it takes seconds, and who only reads the declarations does
not need it.
"""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-6, atol=1e-6, why="plain arithmetic, perhaps in single precision")

# ------------------------------------------------------------------------------- 2 soft_target


def reference_target(reward, terminated, truncated, next_q, next_log_density, temperature,
                     discount):
    return _target(reward, terminated, truncated, next_q, next_log_density, temperature, discount)


def _target(reward, terminated, truncated, next_q, next_log_density, temperature, discount,
            pick=np.min, heat=-1.0, ended=None, outside=False, always=False, late=False,
            cold=False):
    ended = terminated if ended is None else ended(terminated, truncated)
    going = 1.0 if always else 1.0 - np.asarray(ended, dtype=float)
    entropy = heat * (1.0 if cold else temperature) * next_log_density
    ahead = pick(next_q, axis=0) + (0.0 if outside or late else entropy)
    told = reward + going * discount * ahead + (entropy if outside else 0.0)
    return told + discount * entropy if late else told


def _wrong(**how):
    def wrong(reward, terminated, truncated, next_q, next_log_density, temperature, discount):
        return _target(reward, terminated, truncated, next_q, next_log_density, temperature,
                       discount, **how)

    return wrong


def _undiscounted(reward, terminated, truncated, next_q, next_log_density, temperature, discount):
    return _target(reward, terminated, truncated, next_q, next_log_density, temperature, 1.0)


def _steps(rng, rows, temperature, discount, ends=True):
    terminated = rng.random(rows) < 0.3 if ends else np.zeros(rows, bool)
    terminated[0], terminated[1] = ends, False
    truncated = ~terminated & (rng.random(rows) < 0.4)
    truncated[1] = True
    return {"reward": rng.normal(0, 1, rows).round(3), "terminated": terminated,
            "truncated": truncated, "next_q": rng.normal(2, 1, (2, rows)).round(3),
            "next_log_density": rng.normal(0.5, 1, rows).round(3), "temperature": temperature,
            "discount": discount}


def random_steps(rng):
    return [Case(_steps(rng, rows, heat, discount), f"{rows} steps")
            for rows, heat, discount in ((8, 0.3, 0.95), (12, 0.05, 0.99))]


def cold_target(rng):
    return [Case(_steps(rng, 6, 0.0, 0.9)), Case(_steps(rng, 5, 0.2, 0.8, ends=False))]


THREE = {"reward": np.array([0.3, -0.1, 0.2]), "terminated": np.array([False, False, True]),
         "truncated": np.array([False, True, False]),
         "next_q": np.array([[2.0, 1.5, 3.0], [2.4, 1.1, 2.0]]),
         "next_log_density": np.array([1.0, -0.5, 0.4]), "temperature": 0.1, "discount": 0.9}

TARGET = Check(
    name="soft_target",
    title="What the critics learn",
    reference=reference_target,
    tolerance=EXACT,
    reread='"What the critics learn": the three steps by hand, then equations 6 and 7',
    parts=[
        Part("three steps by hand", 1.0, [Case(THREE, "the three steps above")],
             category="worked example"),
        Part("batches of your own", 2.0, random_steps, False, category="other numbers"),
        Part("no temperature, and no end in the batch", 1.0, cold_target, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("largest", _wrong(pick=np.max), "the smaller of the two critics is believed"),
        Mistake("mean_critic", _wrong(pick=np.mean),
                "the smaller of the two critics is believed, not their mean"),
        Mistake("entropy_backwards", _wrong(heat=1.0),
                "entropy is -log density: it is added, so the log density is subtracted"),
        Mistake("no_entropy", _wrong(heat=0.0),
                "this is the target of Q-learning; the soft one has the entropy of the next step"),
        Mistake("entropy_outside", _wrong(outside=True),
                "the entropy belongs to the next step: discounted like it, and gone at the end"),
        Mistake("truncated_ends", _wrong(ended=lambda a, b: a | b),
                "an episode that is only cut off would have gone on: its next value counts"),
        Mistake("never_ends", _wrong(always=True), "nothing comes after a terminated step"),
        Mistake("undiscounted", _undiscounted, "what comes one step later counts `discount` times"),
        Mistake("first_critic", _wrong(pick=lambda q, axis: q[0]),
                "both critics are asked, and the smaller one is believed"),
        Mistake("smallest_of_all", _wrong(pick=lambda q, axis: q.min()),
                "the smaller critic is taken step by step (axis=0), not once for the batch"),
        Mistake("entropy_survives", _wrong(late=True),
                "nothing comes after a terminated step, no entropy either: the whole bracket "
                "counts 0"),
        Mistake("no_temperature", _wrong(cold=True),
                "the log density counts `temperature` times"),
        Mistake("only_ended", _wrong(ended=lambda a, b: ~a),
                "turned round: the next value counts where the step did *not* terminate"),
        Mistake("only_truncated", _wrong(ended=lambda a, b: b),
                "it is the terminated steps that have no future; a truncated one would have gone "
                "on"),
        Mistake("reward_lost", lambda reward, terminated, truncated, next_q, next_log_density,
                temperature, discount: np.where(terminated, 0.0, _target(
                    reward, terminated, truncated, next_q, next_log_density, temperature,
                    discount)),
                "the reward of a terminated step counts: only what comes after it does not"),
    ],
)

# --------------------------------------------------------------------------- 4 temperature_step


def reference_temperature(log_temperature, log_density, target_entropy, rate):
    """Loss and gradient as Stable-Baselines3 has them, and a plain gradient step."""
    import torch

    own = torch.tensor(float(log_temperature), dtype=torch.float64, requires_grad=True)
    density = torch.as_tensor(np.asarray(log_density), dtype=torch.float64)
    loss = -(own * (density + target_entropy).detach()).mean()
    loss.backward()
    return loss.item(), math.exp(log_temperature - rate * own.grad.item())


def _temperature(log_temperature, log_density, target_entropy, rate, up=1.0, target=1.0,
                 total=np.mean, density=1.0, plain=False, stay=False):
    gap = float(total(density * np.asarray(log_density) + target * target_entropy))
    loss = -log_temperature * gap
    if plain:
        heat = math.exp(log_temperature)
        return -heat * gap, heat + rate * gap
    new = log_temperature + up * rate * gap
    return loss, (new if stay else math.exp(new))


def _told(loss=None, heat=None):
    """A variant by its two results, each made of log temperature, gap and rate."""
    def wrong(log_temperature, log_density, target_entropy, rate):
        gap = float(np.mean(log_density) + target_entropy)
        right = -log_temperature * gap, math.exp(log_temperature + rate * gap)
        return (right[0] if loss is None else loss(log_temperature, gap, rate),
                right[1] if heat is None else heat(log_temperature, gap, rate))

    return wrong


def _swapped_results(log_temperature, log_density, target_entropy, rate):
    return _temperature(log_temperature, log_density, target_entropy, rate)[::-1]


def _loss_of_each(log_temperature, log_density, target_entropy, rate):
    return (-log_temperature * (np.asarray(log_density) + target_entropy),
            _temperature(log_temperature, log_density, target_entropy, rate)[1])


def _warm(**how):
    def wrong(log_temperature, log_density, target_entropy, rate):
        return _temperature(log_temperature, log_density, target_entropy, rate, **how)

    return wrong


def _batch(rng, log_temperature, target, rate):
    return {"log_temperature": log_temperature, "log_density": rng.normal(1, 1, 7).round(3),
            "target_entropy": target, "rate": rate}


def random_temperatures(rng):
    return [Case(_batch(rng, -1.5, -2.0, 0.3), "a batch"), Case(_batch(rng, 0.4, -1.0, 0.05))]


def positive_target(rng):
    return [Case(_batch(rng, -3.0, 0.7, 0.1)), Case(_batch(rng, 0.0, -3.0, 0.2))]


TWO_ACTIONS = {"log_temperature": -2.3026, "log_density": np.array([1.0, 0.2]),
               "target_entropy": -2.0, "rate": 0.1}

TEMPERATURE = Check(
    name="temperature_step",
    title="The temperature sets itself",
    reference=reference_temperature,
    tolerance=EXACT,
    reread='"Two slow knobs": the two actions by hand, and equation 9',
    parts=[
        Part("two actions by hand", 1.0, [Case(TWO_ACTIONS, "the two actions above")],
             category="worked example"),
        Part("batches of your own", 1.0, random_temperatures, False, category="other numbers"),
        Part("other targets", 1.0, positive_target, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("uphill", _warm(up=-1.0),
                "you went uphill: a gradient step goes against the gradient. Too little entropy "
                "must raise the temperature"),
        Mistake("target_sign", _warm(target=-1.0),
                "the target is an entropy, and the mean of the log density is minus one: they add"),
        Mistake("entropy_sign", _warm(density=-1.0),
                "your gap has the entropy where equation 9 has the log density"),
        Mistake("of_temperature", _warm(plain=True),
                "the step is taken by the logarithm of the temperature, which keeps it above 0"),
        Mistake("sum", _warm(total=np.sum), "take the mean over the batch"),
        Mistake("logarithm", _warm(stay=True), "return the temperature, not its logarithm"),
        Mistake("loss_sign", _told(loss=lambda log, gap, rate: log * gap),
                "the loss of equation 9 has a minus in front"),
        Mistake("loss_of_temperature", _told(loss=lambda log, gap, rate: -math.exp(log) * gap),
                "the loss of equation 9 has the logarithm of the temperature in it, not the "
                "temperature"),
        Mistake("loss_after", _told(loss=lambda log, gap, rate: -(log + rate * gap) * gap),
                "the loss is that before the step"),
        Mistake("loss_as_gradient",
                _told(heat=lambda log, gap, rate: math.exp(log + rate * log * gap)),
                "you stepped by the loss itself; the gradient by the logarithm is minus the gap"),
        Mistake("no_rate", _told(heat=lambda log, gap, rate: math.exp(log + gap)),
                "a step is the rate times the gradient"),
        Mistake("added_to_temperature",
                _told(heat=lambda log, gap, rate: math.exp(log) + rate * gap),
                "the step is taken by the logarithm of the temperature, and the exponential comes "
                "after it"),
        Mistake("no_step", _told(heat=lambda log, gap, rate: math.exp(log)),
                "this is the temperature before the step"),
        Mistake("swapped", _swapped_results, "first the loss, then the temperature"),
        Mistake("loss_of_each", _loss_of_each, "the loss is one number: the mean over the batch"),
    ],
)

# ------------------------------------------------------------------------------------- 5 polyak


def reference_polyak(online, target, tau):
    """By Stable-Baselines3's own function, on copies."""
    import torch
    from stable_baselines3.common.utils import polyak_update

    own = [torch.tensor(np.array(a, dtype=float)) for a in online]
    slow = [torch.tensor(np.array(a, dtype=float)) for a in target]
    polyak_update(own, slow, tau)
    return [a.numpy() for a in slow]


def _swapped(online, target, tau):
    return [(1 - tau) * np.asarray(a) + tau * np.asarray(b) for a, b in zip(online, target)]


def _grows(online, target, tau):
    return [tau * np.asarray(a) + np.asarray(b) for a, b in zip(online, target)]


def _copied(online, target, tau):
    return [np.array(a, dtype=float) for a in online]


def _fades(online, target, tau):
    return [tau * np.asarray(a) + tau * np.asarray(b) for a, b in zip(online, target)]


def _first_only(online, target, tau):
    return [tau * np.asarray(a) + (1 - tau) * np.asarray(b)
            for a, b in zip(online[:1], target[:1])]


def _layers(rng, tau):
    shapes = [(3, 2), (3,), (1, 3)]
    return {"online": [rng.normal(0, 1, s).round(3) for s in shapes],
            "target": [rng.normal(0, 1, s).round(3) for s in shapes], "tau": tau}


def random_layers(rng):
    return [Case(_layers(rng, 0.005), "three arrays"), Case(_layers(rng, 0.3), "three arrays")]


def whole(rng):
    return [Case(_layers(rng, 1.0)), Case(_layers(rng, 0.0))]


ONE_WEIGHT = {"online": [np.array([2.0, -1.0])], "target": [np.array([1.0, 3.0])], "tau": 0.1}

POLYAK = Check(
    name="polyak",
    title="A slow copy",
    reference=reference_polyak,
    tolerance=EXACT,
    reread='"Two slow knobs", equation 10',
    parts=[
        Part("two weights by hand", 0.5, [Case(ONE_WEIGHT, "the two weights above")],
             category="worked example"),
        Part("layers of your own", 1.0, random_layers, False, category="other numbers"),
        Part("the smallest and largest tau", 0.5, whole, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("swapped", _swapped, "tau is the share of the *online* network, and small"),
        Mistake("grows", _grows, "the shares must add up to 1: what comes in must push some out"),
        Mistake("fades", _fades, "the shares must add up to 1: tau and 1 - tau"),
        Mistake("copied", _copied, "this is a hard copy; the target moves by a share only"),
        Mistake("first_only", _first_only, "all arrays move, not the first one alone"),
        Mistake("not_moved", lambda online, target, tau: [np.array(a, dtype=float)
                                                          for a in target],
                "nothing has moved: return the new arrays"),
        Mistake("nothing", lambda online, target, tau: None,
                "nothing came back: return the list of the new arrays"),
        Mistake("lists", None,
                "a list cannot be multiplied by a share: go through its arrays one by one",
                error="TypeError"),
    ],
)

CHECKS = [TARGET, TEMPERATURE, POLYAK]
