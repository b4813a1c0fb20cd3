"""Exercises 1, 3 and 4 of lesson 08: the score function, the clipped surrogate, and health."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-6, atol=1e-9, why="PyTorch may count in single precision")

# --------------------------------------------------------------------------- 1 score_gradient


def reference_score(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline)


def _score(logits, actions, rewards, baseline, sign=1.0, centre=1.0, weigh=1.0, ddof=1,
           total=False, flat=False, of_mean=False, spread=None, shift=np.max):
    with np.errstate(all="ignore"):  # the mistake "overflow" does
        chance = np.exp(logits - shift(logits))
        chance = chance / chance.sum()
    if flat:
        chance = np.full(len(logits), 1 / len(logits))
    score = sign * (np.eye(len(logits))[actions] - centre * chance)
    terms = (np.asarray(rewards) - weigh * baseline)[:, None] * score
    gradient = terms.sum(axis=0) if total else terms.mean(axis=0)
    if spread is not None:
        return gradient, spread(terms)
    variance = float(terms.var(axis=0, ddof=ddof).sum())
    return gradient, variance / len(terms) if of_mean else variance


def _no_baseline(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, weigh=0.0)


def _only_taken(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, centre=0.0)


def _turned_score(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, sign=-1.0)


def _sum(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, total=True)


def _by_n(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, ddof=0)


def _of_mean(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, of_mean=True)


def _even(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, flat=True)


def _added(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, weigh=-1.0)


def _averaged(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline,
                  spread=lambda terms: float(terms.var(axis=0, ddof=1).mean()))


def _each(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline,
                  spread=lambda terms: terms.var(axis=0, ddof=1))


def _of_sum(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline,
                  spread=lambda terms: float(terms.sum(axis=1).var(ddof=1)))


def _mixed(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline,
                  spread=lambda terms: float(terms.var(ddof=1)))


def _overflow(logits, actions, rewards, baseline):
    return _score(logits, actions, rewards, baseline, shift=lambda logits: 0.0)


def _samples(rng, actions, count):
    logits = rng.normal(0, 1, actions).round(2)
    drawn = rng.integers(0, actions, count)
    return {"logits": logits, "actions": drawn,
            "rewards": (-2 - drawn + rng.normal(0, 1, count)).round(2),
            "baseline": round(float(rng.normal(-2.5, 0.5)), 2)}


def random_samples(rng):
    return [Case(_samples(rng, 3, 8)), Case(_samples(rng, 4, 20))]


def hard_samples(rng):
    far = _samples(rng, 3, 6)
    far["logits"] = far["logits"] + np.array([0.0, 800.0, 800.0])  # also far from one another
    return [Case(far), Case(_samples(rng, 5, 9) | {"baseline": 0.0})]


FOUR_ORDERS = {"logits": np.zeros(2), "actions": np.array([0, 1, 1, 0]),
               "rewards": np.array([-1.0, -2.0, -2.5, -0.5]), "baseline": -1.5}

SCORE = Check(
    name="score_gradient",
    title="A gradient from dice",
    reference=reference_score,
    tolerance=EXACT,
    reread='"A gradient from dice": the table of four orders and equation 2',
    parts=[
        Part("four orders by hand", 1.0, [Case(FOUR_ORDERS, "the table above")],
             category="worked example"),
        Part("policies of your own", 3.0, random_samples, False, category="other numbers"),
        Part("large logits, and no baseline", 1.0, hard_samples, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("no_baseline", _no_baseline, "each reward counts less the baseline"),
        Mistake("only_taken", _only_taken,
                "the score is 1 at the action taken *less the chances of all*: see equation 1"),
        Mistake("turned", _turned_score,
                "this walks downhill: the action taken gets 1 - chance, the others - chance"),
        Mistake("sum", _sum, "an estimate is the mean over the orders, not their sum"),
        Mistake("by_n", _by_n, "the variance of a sample divides by n - 1"),
        Mistake("of_mean", _of_mean,
                "asked is the variance of one order's term, not that of the mean of n"),
        Mistake("even", _even, "the chances are those of the policy: softmax of the logits"),
        Mistake("added", _added, "the baseline is taken off the reward, not added"),
        Mistake("averaged", _averaged,
                "the variances of the components are added up, not averaged"),
        Mistake("each", _each,
                "the variances of the components are added up: one number is asked"),
        Mistake("of_sum", _of_sum,
                "you added the components of a term before the variance, and they cancel: take the "
                "variance of each component, then add"),
        Mistake("mixed", _mixed,
                "a variance over all entries mixes the components: take it down each column "
                "(axis=0), then add"),
        Mistake("overflow", _overflow,
                "np.exp of a large logit overflows: take the largest logit off all of them first"),
    ],
)

# --------------------------------------------------------------------------- 3 clipped_surrogate


def reference_surrogate(log_new, log_old, advantages, clip):
    return _surrogate(log_new, log_old, advantages, clip)


def _surrogate(log_new, log_old, advantages, clip, ratio=None, worse=np.minimum, slope=None):
    ratio = np.exp(log_new - log_old) if ratio is None else ratio
    free, cut = ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages
    moves = worse(free, cut) == free
    inside = (ratio > 1 - clip) & (ratio < 1 + clip)
    slope = ratio * advantages if slope is None else slope
    return (float(worse(free, cut).mean()), np.where(moves | inside, slope, 0.0) / len(ratio))


def _unclipped(log_new, log_old, advantages, clip):
    ratio = np.exp(log_new - log_old)
    return float((ratio * advantages).mean()), ratio * advantages / len(ratio)


def _both_clipped(log_new, log_old, advantages, clip):
    ratio = np.exp(log_new - log_old)
    cut = np.clip(ratio, 1 - clip, 1 + clip)
    return float((cut * advantages).mean()), np.where(cut == ratio, ratio * advantages,
                                                      0.0) / len(ratio)


def _larger(log_new, log_old, advantages, clip):
    return _surrogate(log_new, log_old, advantages, clip, worse=np.maximum)


def _inverse(log_new, log_old, advantages, clip):
    return _surrogate(log_new, log_old, advantages, clip, ratio=np.exp(log_old - log_new))


def _difference(log_new, log_old, advantages, clip):
    return _surrogate(log_new, log_old, advantages, clip, ratio=log_new - log_old)


def _by_ratio(log_new, log_old, advantages, clip):
    return _surrogate(log_new, log_old, advantages, clip, slope=np.asarray(advantages))


def _per_sample(log_new, log_old, advantages, clip):
    value, gradient = _surrogate(log_new, log_old, advantages, clip)
    return value, gradient * len(gradient)


def _loss(log_new, log_old, advantages, clip):
    value, gradient = _surrogate(log_new, log_old, advantages, clip)
    return -value, -gradient


def _with_slope(of):
    """The right objective with a wrong slope, ``of(ratio, free, cut)`` before the mean."""
    def wrong(log_new, log_old, advantages, clip):
        ratio = np.exp(log_new - log_old)
        free, cut = ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages
        return float(np.minimum(free, cut).mean()), of(ratio, free, cut, clip) / len(ratio)

    return wrong


def _summed(log_new, log_old, advantages, clip):
    value, gradient = _surrogate(log_new, log_old, advantages, clip)
    return value * len(gradient), gradient * len(gradient)


def _no_mean(log_new, log_old, advantages, clip):
    ratio = np.exp(log_new - log_old)
    cut = np.clip(ratio, 1 - clip, 1 + clip) * advantages
    return (np.minimum(ratio * advantages, cut),
            _surrogate(log_new, log_old, advantages, clip)[1])


def _clipped_log(log_new, log_old, advantages, clip):
    ratio = np.exp(log_new - log_old)
    free, cut = ratio * advantages, np.exp(np.clip(log_new - log_old, -clip, clip)) * advantages
    return float(np.minimum(free, cut).mean()), np.where(cut < free, 0.0, free) / len(ratio)


def _smaller_ratio(log_new, log_old, advantages, clip):
    ratio = np.exp(log_new - log_old)
    kept = np.minimum(ratio, 1 + clip) * advantages
    return float(kept.mean()), np.where(ratio > 1 + clip, 0.0, kept) / len(ratio)


def _batch(rng, count, spread, clip):
    old = rng.normal(-1, 0.5, count).round(3)
    # ratios stay off the bounds, where the slope has two values
    new = old + rng.normal(0, spread, count).round(3) + 0.0004
    return {"log_new": new, "log_old": old, "advantages": rng.normal(0, 1, count).round(3),
            "clip": clip}


def random_batches(rng):
    return [Case(_batch(rng, 12, 0.4, 0.2)), Case(_batch(rng, 30, 0.3, 0.1))]


def first_epoch(rng):
    one = _batch(rng, 7, 0.0, 0.2)
    return [Case(one | {"log_new": one["log_old"].copy()}, "nothing has moved yet"),
            Case(_batch(rng, 4, 2.0, 0.2))]


FOUR_RATIOS = {"log_new": np.log([1.5, 0.5, 1.5, 0.5]), "log_old": np.zeros(4),
               "advantages": np.array([2.0, 2.0, -1.0, -1.0]), "clip": 0.2}

SURROGATE = Check(
    name="clipped_surrogate",
    title="A step that is not too long",
    reference=reference_surrogate,
    tolerance=EXACT,
    reread='"A step that is not too long": the table of four ratios and equation 5',
    parts=[
        Part("four ratios by hand", 1.0, [Case(FOUR_RATIOS, "the table above")],
             category="worked example"),
        Part("batches of your own", 4.0, random_batches, False, category="other numbers"),
        Part("the first epoch, and a policy far away", 1.0, first_epoch, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("both_clipped", _both_clipped,
                "a clipped ratio alone also forgives what got worse: take the smaller of the two"),
        Mistake("unclipped", _unclipped, "the ratio is not clipped at all"),
        Mistake("larger", _larger, "the smaller of the two counts: PPO is a pessimist"),
        Mistake("inverse", _inverse, "the ratio is the new chance over the old one"),
        Mistake("difference", _difference, "the ratio is exp(log_new - log_old)"),
        Mistake("by_ratio", _by_ratio,
                "your slope is that by the ratio; by log_new it is ratio x advantage"),
        Mistake("per_sample", _per_sample,
                "the objective is a mean, so each slope is divided by the number of samples"),
        Mistake("loss", _loss, "asked is the objective, which grows; the loss is minus it"),
        Mistake("silent_outside",
                _with_slope(lambda ratio, free, cut, clip:
                            np.where(np.abs(ratio - 1) > clip, 0.0, free)),
                "outside the clip the slope is zero only where the clipped product is the smaller "
                "one: a step the wrong way is still pulled back"),
        Mistake("slope_unclipped", _with_slope(lambda ratio, free, cut, clip: free),
                "your objective is clipped, your slope is not: it is zero where the clipped "
                "product is the smaller one"),
        Mistake("slope_of_value",
                _with_slope(lambda ratio, free, cut, clip: np.minimum(free, cut)),
                "where the clipped product is the smaller one the objective is flat: slope zero, "
                "not the product itself"),
        Mistake("slope_turned",
                _with_slope(lambda ratio, free, cut, clip: np.where(free < cut, 0.0, free)),
                "your slope is zero where the free product is the smaller one; it is the clipped "
                "one that does not move"),
        Mistake("summed", _summed, "the objective and its slope are of the mean, not of the sum"),
        Mistake("no_mean", _no_mean, "the objective is one number: the mean over the samples"),
        Mistake("clipped_log", _clipped_log,
                "it is the ratio that is clipped, to 1 - clip and 1 + clip, not its logarithm"),
        Mistake("smaller_ratio", _smaller_ratio,
                "take the smaller of the two products, not of the two ratios: with a negative "
                "advantage they differ"),
        Mistake("cut_graph", None,
                "PyTorch has lost the way back: log_new must be a tensor with requires_grad=True, "
                "and nothing is detached before backward()", error="RuntimeError"),
    ],
)

# --------------------------------------------------------------------------- 4 health


def reference_health(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns)


def _health(log_new, log_old, clip, values, returns, kl=None, far=None, explained=None):
    log_ratio = np.asarray(log_new) - log_old
    ratio = np.exp(log_ratio)
    kl = ((ratio - 1) - log_ratio).mean() if kl is None else kl(log_ratio)
    far = (np.abs(ratio - 1) > clip).mean() if far is None else far(ratio, clip)
    if explained is None:
        spread = np.var(returns)
        explained = 1 - np.var(returns - values) / spread if spread > 0 else math.nan
    else:
        explained = explained(np.asarray(values), np.asarray(returns))
    return float(kl), float(far), float(explained)


def _plain_kl(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns, kl=lambda x: (-x).mean())


def _turned_kl(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   kl=lambda x: (np.exp(-x) - 1 + x).mean())


def _above_only(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   far=lambda ratio, clip: (ratio > 1 + clip).mean())


def _of_logs(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   far=lambda ratio, clip: (np.abs(np.log(ratio)) > clip).mean())


def _with_bias(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   explained=lambda v, g: 1 - ((g - v) ** 2).mean() / np.var(g)
                   if np.var(g) > 0 else math.nan)


def _turned_variance(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   explained=lambda v, g: 1 - np.var(g - v) / np.var(v)
                   if np.var(v) > 0 else math.nan)


def _unexplained(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   explained=lambda v, g: np.var(g - v) / np.var(g) if np.var(g) > 0 else math.nan)


def _half_square(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns, kl=lambda x: (x**2).mean() / 2)


def _plus_kl(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns, kl=lambda x: x.mean())


def _summed_kl(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns, kl=lambda x: (np.exp(x) - 1 - x).sum())


def _count(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   far=lambda ratio, clip: (np.abs(ratio - 1) > clip).sum())


def _percent(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   far=lambda ratio, clip: 100 * (np.abs(ratio - 1) > clip).mean())


def _inside(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   far=lambda ratio, clip: (np.abs(ratio - 1) <= clip).mean())


def _by_std(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   explained=lambda v, g: 1 - np.std(g - v) / np.std(g)
                   if np.var(g) > 0 else math.nan)


def _correlated(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   explained=lambda v, g: np.corrcoef(v, g)[0, 1] ** 2
                   if np.var(g) > 0 else math.nan)


def _infinite(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   explained=lambda v, g: 1 - np.var(g - v) / np.var(g)
                   if np.var(g) > 0 else -math.inf)


def _zero_for_none(log_new, log_old, clip, values, returns):
    return _health(log_new, log_old, clip, values, returns,
                   explained=lambda v, g: 1 - np.var(g - v) / np.var(g) if np.var(g) > 0 else 0.0)


def _figures(rng, count, spread, clip):
    one = _batch(rng, count, spread, clip)
    one["log_new"][0] = one["log_old"][0] + 0.97 * clip  # outside as a ratio, inside as a log
    one["log_new"][1] = one["log_old"][1] - 0.6  # outside below
    returns = rng.normal(-3, 2, count).round(3)
    values = (0.7 * returns + rng.normal(0.5, 1, count)).round(3)
    return {"log_new": one["log_new"], "log_old": one["log_old"], "clip": clip, "values": values,
            "returns": returns}


def random_figures(rng):
    return [Case(_figures(rng, 20, 0.3, 0.2)), Case(_figures(rng, 40, 0.15, 0.1))]


def nothing_to_explain(rng):
    one = _figures(rng, 6, 0.3, 0.2) | {"returns": np.full(6, -2.0)}
    return [Case(one)]


THREE_ORDERS = {"log_new": np.log([1.5, 0.9, 1.0]), "log_old": np.zeros(3), "clip": 0.2,
                "values": np.array([1.0, 2.0, 3.0]), "returns": np.array([1.0, 2.0, 5.0])}

HEALTH = Check(
    name="health",
    title="Three figures of health",
    reference=reference_health,
    tolerance=EXACT,
    reread='"Three figures of health": the three lines by hand',
    parts=[
        Part("three samples by hand", 1.0, [Case(THREE_ORDERS, "the lines above")],
             category="worked example"),
        Part("batches of your own", 2.0, random_figures, False, category="other numbers"),
        Part("returns that are all the same", 1.0, nothing_to_explain, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("plain_kl", _plain_kl,
                "the plain mean of minus the log ratio can be negative; use (ratio - 1) - log "
                "ratio"),
        Mistake("turned_kl", _turned_kl, "the ratio is the new chance over the old one"),
        Mistake("above_only", _above_only, "a ratio can leave the range downwards, too"),
        Mistake("of_logs", _of_logs, "it is the ratio that is clipped, not its logarithm"),
        Mistake("with_bias", _with_bias,
                "explained variance forgives a constant error: take np.var of returns - values, "
                "not the mean square"),
        Mistake("turned_variance", _turned_variance,
                "the share is of the variance of the returns, not of the values"),
        Mistake("unexplained", _unexplained, "this is the share that is *not* explained"),
        Mistake("zero_for_none", _zero_for_none,
                "where the returns do not vary there is nothing to explain: NaN"),
        Mistake("infinite", _infinite,
                "where the returns do not vary you divide by zero: give NaN there, not minus "
                "infinity"),
        Mistake("half_square", _half_square,
                "half the squared log ratio is another estimate of the KL: asked is the mean of "
                "(ratio - 1) - log ratio"),
        Mistake("plus_kl", _plus_kl,
                "the mean log ratio is no distance and has the wrong sign: use (ratio - 1) - log "
                "ratio"),
        Mistake("summed_kl", _summed_kl, "the KL is a mean over the samples, not their sum"),
        Mistake("count", _count, "the clip fraction is a share of the samples, not their number"),
        Mistake("percent", _percent, "the clip fraction is a share between 0 and 1, not percent"),
        Mistake("inside", _inside, "this is the share inside the clip; asked is the one outside"),
        Mistake("by_std", _by_std,
                "explained *variance* compares variances, not standard deviations"),
        Mistake("correlated", _correlated,
                "a squared correlation forgives values of the wrong size; take "
                "1 - Var(returns - values) / Var(returns)"),
    ],
)

CHECKS = [SCORE, SURROGATE, HEALTH]
