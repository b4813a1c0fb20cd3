"""Exercises 1 and 3 of lesson 09: the squashed Gaussian, and the actor's gradient.

The references call Stable-Baselines3's own distribution. PyTorch is imported where it is used: it
takes seconds, and who only reads the declarations does not need it.
"""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

ADDED = Tolerance(rtol=1e-5, atol=5e-4,
                  why="Stable-Baselines3 adds 1e-6 inside the logarithm of the correction")

# ------------------------------------------------------------------------------------ 1 squash


def _tensors(*arrays):
    import torch

    return [torch.as_tensor(np.asarray(a), dtype=torch.float64) for a in arrays]


def _their(mean, log_std, noise):
    """Action and log density by Stable-Baselines3, differentiable in mean and log_std."""
    import torch
    from stable_baselines3.common.distributions import SquashedDiagGaussianDistribution

    spread = log_std.exp()
    distribution = SquashedDiagGaussianDistribution(mean.shape[-1])
    distribution.proba_distribution(mean, log_std)
    before = mean + spread * noise
    action = torch.tanh(before)
    return action, distribution.log_prob(action, before)


def stable_baselines(mean, log_std, noise):
    """As Stable-Baselines3 has it, with its 1e-6."""
    return tuple(x.numpy() for x in _their(*_tensors(mean, log_std, noise)))


def _squash(mean, log_std, noise, sign=-1.0, inner=None, spread=1.0, total=np.sum, stable=True):
    mean, log_std, noise = (np.asarray(x, dtype=float) for x in (mean, log_std, noise))
    before = mean + np.exp(spread * log_std) * noise
    at = before if inner is None else inner(mean, before)
    with np.errstate(divide="ignore"):
        slope = 2 * (math.log(2) - at - np.logaddexp(0, -2 * at)) if stable \
            else np.log(1 - np.tanh(at) ** 2)
    normal = -0.5 * noise**2 - spread * log_std - 0.5 * math.log(2 * math.pi)
    return np.tanh(before), total(normal + sign * slope, axis=-1)


def reference_squash(mean, log_std, noise):
    return _squash(mean, log_std, noise)


def _uncorrected(mean, log_std, noise):
    return _squash(mean, log_std, noise, sign=0.0)


def _multiplied(mean, log_std, noise):
    return _squash(mean, log_std, noise, sign=1.0)


def _at_mean(mean, log_std, noise):
    return _squash(mean, log_std, noise, inner=lambda middle, _: middle)


def _twice(mean, log_std, noise):
    return _squash(mean, log_std, noise, inner=lambda _, before: np.tanh(before))


def _variance(mean, log_std, noise):
    return _squash(mean, log_std, noise, spread=0.5)


def _averaged(mean, log_std, noise):
    return _squash(mean, log_std, noise, total=np.mean)


def _each(mean, log_std, noise):
    return _squash(mean, log_std, noise, total=lambda x, axis: x)


def _all_rows(mean, log_std, noise):
    return _squash(mean, log_std, noise, total=lambda x, axis: x.sum())


def _not_squashed(mean, log_std, noise):
    right = _squash(mean, log_std, noise)
    return np.arctanh(np.clip(right[0], -1 + 1e-12, 1 - 1e-12)), right[1]


def _no_spread(mean, log_std, noise):
    """The density of the standard normal, whatever the spread."""
    right = _squash(mean, log_std, noise)
    return right[0], right[1] + np.asarray(log_std).sum(axis=-1)


def _infinite(mean, log_std, noise):
    return _squash(mean, log_std, noise, stable=False)


def _changed_draw(correct=None, normal=None, density=None, action=None, spread=None):
    """A variant by its parts: correction of u, normal log density, end result, action, spread."""
    def wrong(mean, log_std, noise):
        mean, log_std, noise = (np.asarray(x, dtype=float) for x in (mean, log_std, noise))
        with np.errstate(all="ignore"):
            before = mean + (np.exp(log_std) if spread is None else spread(log_std)) * noise
            slope = 2 * (math.log(2) - before - np.logaddexp(0, -2 * before))
            slope = slope if correct is None else correct(before)
            found = -0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi)
            found = found if normal is None else normal(mean, log_std, noise, before)
            total = (found - slope).sum(axis=-1)
            return (np.tanh(before) if action is None else action(before),
                    total if density is None else density(found - slope))

    return wrong


def _as_gaussian(mean, log_std, noise, before):
    """The normal density at the action in place of u."""
    away = (np.tanh(before) - mean) / np.exp(log_std)
    return -0.5 * away**2 - log_std - 0.5 * math.log(2 * math.pi)


def _draws(rng, rows, numbers):
    noise = rng.normal(0, 0.8, (rows, numbers)).clip(-1.5, 1.5).round(3)
    return {"mean": rng.uniform(-0.9, 0.9, (rows, numbers)).round(3),
            "log_std": rng.uniform(-1.5, 0.0, (rows, numbers)).round(3), "noise": noise}


def random_draws(rng):
    return [Case(_draws(rng, rows, numbers), f"{numbers} numbers in an action")
            for rows, numbers in ((4, 2), (3, 1), (2, 5))]


def far_out(rng):
    return [Case({"mean": np.array([[30.0, 0.1]]), "log_std": np.array([[-1.0, -0.5]]),
                  "noise": np.array([[0.5, 0.2]])}),
            Case({"mean": np.array([[-25.0], [0.3]]), "log_std": np.array([[-0.2], [-0.4]]),
                  "noise": np.array([[-1.0], [1.0]])})]


BY_HAND = {"mean": np.array([[0.5], [0.5]]), "log_std": np.array([[-0.6931], [-0.6931]]),
           "noise": np.array([[1.0], [-1.0]])}

SQUASH = Check(
    name="squash",
    title="The density of a squashed action",
    reference=reference_squash,
    accept=[stable_baselines],
    tolerance=ADDED,
    reread='"An action within bounds": the two draws by hand, then equations 4 and 5',
    parts=[
        Part("two draws by hand", 1.0, [Case(BY_HAND, "the two draws above")],
             category="worked example"),
        Part("actions of several numbers", 3.0, random_draws, False, category="other numbers"),
        Part("far from the middle", 1.0, far_out, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("uncorrected", _uncorrected,
                "this is the density of u, before the tanh; that of the action has the correction"),
        Mistake("multiplied", _multiplied,
                "the tanh squeezes, so the density rises: the correction is subtracted"),
        Mistake("at_mean", _at_mean, "the slope of the tanh is taken at u, not at the mean"),
        Mistake("twice", _twice, "your correction goes through the tanh twice: u or a, not both"),
        Mistake("variance", _variance, "log_std is the logarithm of the deviation, not variance"),
        Mistake("averaged", _averaged,
                "the numbers of an action are independent: their log densities add up"),
        Mistake("each", _each, "one log density for each action: sum over its numbers"),
        Mistake("all_rows", _all_rows, "sum over the numbers of an action, not over the actions"),
        Mistake("not_squashed", _not_squashed, "the action is tanh(u), within -1 and 1"),
        Mistake("no_spread", _no_spread,
                "the normal density of u has the spread in front: - log_std"),
        Mistake("infinite", _infinite,
                "where tanh(u) rounds to 1 your logarithm is infinite: use the other form of the "
                "correction, or add 1e-6 as Stable-Baselines3 does"),
        Mistake("deviation", _changed_draw(spread=lambda log_std: log_std),
                "log_std is a logarithm: the deviation in front of the noise is its exponential"),
        Mistake("at_action", _changed_draw(normal=_as_gaussian),
                "the normal density belongs to u, not to the squashed action: its exponent is the "
                "noise"),
        Mistake("clipped", _changed_draw(correct=np.zeros_like,
                                         action=lambda before: before.clip(-1, 1)),
                "a clipped number is no squashed one: the action is tanh(u), and its density is "
                "corrected for the tanh"),
        Mistake("slope", _changed_draw(correct=lambda before: 1 - np.tanh(before) ** 2),
                "subtract the *logarithm* of the slope 1 - tanh(u)^2, not the slope"),
        Mistake("no_square", _changed_draw(correct=lambda before: np.log(1 - np.tanh(before))),
                "the slope of the tanh is 1 - tanh(u)^2: the square is missing"),
        Mistake("softplus_sign",
                _changed_draw(correct=lambda u: 2 * (math.log(2) - u - np.logaddexp(0, 2 * u))),
                "the correction has log(1 + e^(-2u)): mind the minus within softplus"),
        Mistake("half_correction",
                _changed_draw(correct=lambda u: math.log(2) - u - np.logaddexp(0, -2 * u)),
                "the factor 2 before the bracket of the correction is missing"),
        Mistake("no_pi", _changed_draw(normal=lambda mean, log_std, noise, before:
                                       -0.5 * noise**2 - log_std),
                "the constant of the normal density is missing: - log(2 pi) / 2"),
        Mistake("whole_pi", _changed_draw(normal=lambda mean, log_std, noise, before:
                                          -0.5 * noise**2 - log_std - math.log(2 * math.pi)),
                "the constant of the normal density is *half* of log(2 pi)"),
        Mistake("density", _changed_draw(density=lambda each: np.exp(each.sum(axis=-1))),
                "asked is the logarithm of the density"),
        Mistake("wrong_axis", _changed_draw(density=lambda each: each.sum(axis=0)),
                "sum over the numbers of an action (dim=-1), not over the actions"),
    ],
)

# ----------------------------------------------------------------------------- 3 actor_gradient


def _critics(action, peak, curvature):
    import torch

    return torch.stack([-0.5 * c * ((action - p) ** 2).sum(-1)
                        for p, c in zip(peak, curvature)])


def _gradient(mean, log_std, noise, peak, curvature, temperature, *, pick=None, sign=-1.0,
              follow=True, dense=True, heat=1.0, total="mean", all_sign=1.0, middle=False,
              by_score=False):
    import torch

    mean, log_std, noise, peak, curvature = _tensors(mean, log_std, noise, peak, curvature)
    mean.requires_grad_(True)
    log_std.requires_grad_(True)
    action, density = _their(mean, log_std, noise)
    action = torch.tanh(mean) if middle else action
    told = _critics(action if follow else action.detach(), peak, curvature)
    worst = told.min(0).values if pick is None else pick(told)
    each = heat * temperature * (density if dense else density.detach()) + sign * worst
    each = all_sign * (density * each.detach() if by_score else each)
    loss = each.mean() if total == "mean" else each.sum()
    if not loss.requires_grad:
        return loss.item(), np.zeros(mean.shape), np.zeros(mean.shape)
    found = torch.autograd.grad(loss, (mean, log_std), allow_unused=True)
    slopes = [np.zeros(mean.shape) if g is None else g.numpy() for g in found]
    return loss.item(), *slopes


def reference_actor(mean, log_std, noise, peak, curvature, temperature):
    return _gradient(mean, log_std, noise, peak, curvature, temperature)


def _changed(**how):
    def wrong(mean, log_std, noise, peak, curvature, temperature):
        return _gradient(mean, log_std, noise, peak, curvature, temperature, **how)

    return wrong


def _draw_task(rng, rows, numbers, temperature):
    return {**_draws(rng, rows, numbers), "peak": rng.uniform(-0.8, 0.8, (2, numbers)).round(3),
            "curvature": rng.uniform(0.5, 4, 2).round(3), "temperature": temperature}


def random_tasks(rng):
    return [Case(_draw_task(rng, rows, numbers, heat), f"temperature {heat}")
            for rows, numbers, heat in ((6, 2, 0.2), (5, 3, 0.05))]


def cold(rng):
    return [Case(_draw_task(rng, 4, 2, 0.0)), Case(_draw_task(rng, 1, 1, 3.0))]


ONE_DRAW = {"mean": np.array([[0.5]]), "log_std": np.array([[-0.6931]]), "noise": np.array([[1.0]]),
            "peak": np.array([[0.2], [0.0]]), "curvature": np.array([2.0, 1.0]),
            "temperature": 0.1}

ACTOR = Check(
    name="actor_gradient",
    title="The actor's loss",
    reference=reference_actor,
    tolerance=ADDED,
    reread='"The actor climbs its critics": the draw by hand, then equation 8',
    parts=[
        Part("one draw by hand", 1.0, [Case(ONE_DRAW, "the draw above")],
             category="worked example"),
        Part("batches of your own", 3.0, random_tasks, False, category="other numbers"),
        Part("no temperature, and a hot one", 1.0, cold, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("climbs_down", _changed(sign=1.0),
                "a loss is made small, so what you want large stands with a minus: - min Q"),
        Mistake("largest", _changed(pick=lambda q: q.max(0).values),
                "the smaller of the two critics speaks, as in the target"),
        Mistake("mean_critic", _changed(pick=lambda q: q.mean(0)),
                "the smaller of the two critics speaks, not their mean"),
        Mistake("first_critic", _changed(pick=lambda q: q[0]),
                "both critics are asked, and the smaller one speaks"),
        Mistake("cut_off", _changed(follow=False),
                "no gradient comes back through the action: do not detach it, and hand the tensor "
                "itself to the critics"),
        Mistake("density_cut_off", _changed(dense=False),
                "the log density depends on mean and log_std, too: do not detach it"),
        Mistake("no_temperature", _changed(heat=0.0), "the entropy is missing from the loss"),
        Mistake("entropy_backwards", _changed(heat=-1.0),
                "your loss rewards certainty: entropy is -log density, and a loss has it with a "
                "minus again"),
        Mistake("sum", _changed(total="sum"), "take the mean over the batch, not the sum"),
        Mistake("all_turned", _changed(all_sign=-1.0),
                "your loss has the sign of the objective: what the actor wants large must stand "
                "with a minus"),
        Mistake("both_cut_off", _changed(follow=False, dense=False),
                "no gradient comes back at all: no detach, no no_grad, no .numpy(), no float()"),
        Mistake("smallest_of_all", _changed(pick=lambda q: q.min()),
                "the smaller critic is taken action by action (dim=0), not once for the batch"),
        Mistake("middle_action", _changed(middle=True),
                "the critics are asked about the action drawn, not about tanh(mean)"),
        Mistake("by_score", _changed(by_score=True),
                "this is the score function of PPO; here the gradient runs through the action into "
                "the critics, so nothing is detached"),
        Mistake("no_one_number", None,
                "PyTorch stopped: the loss must be one number (a mean over the batch), made of "
                "tensors from end to end", error="RuntimeError"),
        Mistake("both_returned", None,
                "min(dim=0) gives values and places: take .values", error="TypeError"),
        Mistake("no_tensor", None,
                "the loss has no gradient to give: return the tensor itself, not a float or array",
                error="AttributeError"),
    ],
)

CHECKS = [SQUASH, ACTOR]
