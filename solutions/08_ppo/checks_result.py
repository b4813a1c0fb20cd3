"""Exercises 6 and 7 of lesson 08: a result that chose itself, and an interval of two lucks."""

import numpy as np
from scipy.special import stdtrit

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-7, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# --------------------------------------------------------------------------- 6 mended_result


def reference_result(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    return float(_of(test, chosen).mean()), chosen


def _of(scores, chosen):
    """Mean score of the chosen checkpoint of each training seed."""
    return scores[np.arange(len(scores)), chosen].mean(axis=1)


def _colleague(validation, test):
    """The best number of all, and where it was found in each seed."""
    means = test.mean(axis=2)
    return float(means.min()), means.argmin(axis=1)


def _on_test(validation, test):
    chosen = test.mean(axis=2).argmin(axis=1)
    return float(_of(test, chosen).mean()), chosen


def _best_seed(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    best = int(_of(validation, chosen).argmin())
    return float(_of(test, chosen)[best]), chosen


def _lucky_seed(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    return float(_of(test, chosen).min()), chosen


def _reported_validation(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    return float(_of(validation, chosen).mean()), chosen


def _dearest(validation, test):
    chosen = validation.mean(axis=2).argmax(axis=1)
    return float(_of(test, chosen).mean()), chosen


def _one_for_all(validation, test):
    chosen = np.full(len(test), validation.mean(axis=(0, 2)).argmin())
    return float(_of(test, chosen).mean()), chosen


def _last(validation, test):
    chosen = np.full(len(test), test.shape[1] - 1)
    return float(_of(test, chosen).mean()), chosen


def _all_of_test(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    return float(test.mean()), chosen


def _crossed(validation, test):
    """``test[:, chosen]`` gives each seed the checkpoints of all seeds."""
    chosen = validation.mean(axis=2).argmin(axis=1)
    return float(test[:, chosen].mean()), chosen


def _luckiest_market(validation, test):
    chosen = validation.min(axis=2).argmin(axis=1)
    return float(_of(test, chosen).mean()), chosen


def _per_seed(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    return _of(test, chosen), chosen


def _from_one(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    return float(_of(test, chosen).mean()), chosen + 1


def _best_of_all(validation, test):
    means = validation.mean(axis=2)
    seed, checkpoint = np.unravel_index(means.argmin(), means.shape)
    return float(test[seed, checkpoint].mean()), means.argmin(axis=1)


def _both_blocks(validation, test):
    chosen = np.concatenate([validation, test], axis=2).mean(axis=2).argmin(axis=1)
    return float(_of(test, chosen).mean()), chosen


def _scores(rng, seeds, checkpoints, first, second):
    true = rng.normal(0, 0.5, (seeds, checkpoints, 1))
    return {"validation": (true + rng.normal(0, 1, (seeds, checkpoints, first))).round(3),
            "test": (true + rng.normal(0, 1, (seeds, checkpoints, second))).round(3)}


def random_scores(rng):
    return [Case(_scores(rng, 3, 5, 6, 8)), Case(_scores(rng, 5, 8, 10, 10))]


def narrow(rng):
    return [Case(_scores(rng, 1, 6, 4, 5), "one training seed"),
            Case(_scores(rng, 4, 3, 1, 2), "one validation market")]


TWO_SEEDS = {"validation": np.array([[[1.2, 0.8], [1.9, 2.1]], [[3.5, 2.5], [2.0, 3.0]]]),
             "test": np.array([[[1.0, 2.0], [0.0, 1.0]], [[2.5, 1.5], [3.5, 3.5]]])}

RESULT = Check(
    name="mended_result",
    title="Find the bug: the result that chose itself",
    reference=reference_result,
    tolerance=EXACT,
    reread='"Find the bug": what may be looked at when, and the table of two seeds',
    parts=[
        Part("two training seeds by hand", 1.0, [Case(TWO_SEEDS, "the table above")],
             category="worked example"),
        Part("trainings of your own", 3.0, random_scores, False, category="other numbers"),
        Part("one seed, and few markets", 1.0, narrow, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("colleague", _colleague,
                "this is the colleague's number: the best of everything, found on the test itself"),
        Mistake("on_test", _on_test,
                "the checkpoint is still chosen on the test markets; choose it on validation"),
        Mistake("best_seed", _best_seed,
                "one training seed is no result: report the mean over all of them"),
        Mistake("lucky_seed", _lucky_seed,
                "the best training seed is picked on the test; report the mean over all seeds"),
        Mistake("reported_validation", _reported_validation,
                "validation has chosen, so it is no longer fair: report the test"),
        Mistake("dearest", _dearest, "these are costs: the best checkpoint has the smallest"),
        Mistake("one_for_all", _one_for_all,
                "each training seed chooses its own checkpoint"),
        Mistake("last", _last, "choose the checkpoint on validation, do not take the last one"),
        Mistake("all_of_test", _all_of_test,
                "checkpoints that a seed did not choose are in your mean (test[:, chosen] mixes "
                "the seeds): pair each seed with its own choice"),
        Mistake("crossed", _crossed,
                "test[:, chosen] gives every seed the choices of all seeds: pair them, "
                "test[np.arange(S), chosen]"),
        Mistake("luckiest_market", _luckiest_market,
                "a checkpoint is chosen by its mean over the validation markets, not by its best "
                "market"),
        Mistake("per_seed", _per_seed, "report one number: the mean over all training seeds"),
        Mistake("from_one", _from_one, "checkpoints are numbered from 0, as in the table"),
        Mistake("best_of_all", _best_of_all,
                "one training is no result: report the mean over all training seeds"),
        Mistake("both_blocks", _both_blocks,
                "the checkpoint was chosen on validation and test together; the test may not "
                "choose"),
    ],
)

# --------------------------------------------------------------------------- 7 two_way


def reference_two_way(cost, benchmark):
    return _two_way(cost, benchmark)


def _two_way(cost, benchmark, sign=1.0, both=1.0, agents=True, episodes=True, paired=True,
             quantile=None, ddof=1, floor=True, least=True, freed=None, of_mean=True, root=True,
             level=0.975, wide=1.0):
    gap = sign * (cost - benchmark)
    noise = gap if paired else cost
    count, markets = gap.shape
    by_agent = noise.mean(axis=1).var(ddof=ddof) / (count if of_mean else 1) * agents
    by_episode = noise.mean(axis=0).var(ddof=ddof) / (markets if of_mean else 1) * episodes
    rest = noise - noise.mean(axis=0) - noise.mean(axis=1, keepdims=True) + noise.mean()
    crossed = (rest**2).sum() / ((count - 1) * (markets - 1) * count * markets)
    variance = by_agent + by_episode - both * crossed
    variance = max(variance, by_episode) if floor else variance
    freedom = variance**2 / (by_agent**2 / (count - 1) + by_episode**2 / (markets - 1))
    freedom = max(freedom, count - 1) if least else freedom
    freedom = freedom if freed is None else freed(count, markets)
    t = stdtrit(freedom, level) if quantile is None else quantile
    wide = wide * (np.sqrt(max(variance, 0.0)) if root else variance)
    return float(gap.mean()), float(t * wide)


def _pooled(cost, benchmark):
    gap = (cost - benchmark).ravel()
    return float(gap.mean()), float(stdtrit(gap.size - 1, 0.975) * gap.std(ddof=1)
                                    / np.sqrt(gap.size))


def _markets_alone(cost, benchmark):
    gap = (cost - benchmark).mean(axis=0)
    return float(gap.mean()), float(stdtrit(len(gap) - 1, 0.975) * gap.std(ddof=1)
                                    / np.sqrt(len(gap)))


def _seeds_alone(cost, benchmark):
    gap = (cost - benchmark).mean(axis=1)
    return float(gap.mean()), float(stdtrit(len(gap) - 1, 0.975) * gap.std(ddof=1)
                                    / np.sqrt(len(gap)))


def _variant(**changes):
    def wrong(cost, benchmark):
        return _two_way(cost, benchmark, **changes)

    return wrong


def _costs(rng, seeds, markets, of_seed, of_market, of_pair):
    benchmark = rng.normal(2, 3, markets)
    # training seeds that surely differ, so that the floor of the variance is not in play
    luck = of_seed * rng.permutation(np.linspace(-1, 1, seeds))[:, None]
    gap = (-0.5 + luck + of_market * rng.normal(size=markets)
           + of_pair * rng.normal(size=(seeds, markets)))
    return {"cost": (benchmark + gap).round(3), "benchmark": benchmark.round(3)}


def random_costs(rng):
    return [Case(_costs(rng, 5, 12, 1.0, 1.0, 0.7)), Case(_costs(rng, 3, 20, 0.8, 0.5, 1.0))]


def equal_seeds(rng):
    one = _costs(rng, 4, 8, 0.0, 1.0, 0.6)
    # all training seeds have the same mean: what is left is the luck of the markets
    level = one["cost"].mean(axis=1, keepdims=True)
    one["cost"] = one["cost"] - level + level.mean()
    benchmark = rng.normal(2, 3, 2).round(3)
    few = benchmark + rng.uniform(0.5, 2.0) * np.array([[0.0, 1.0], [2.0, 4.0]])
    # more training seeds than markets, and trainings nearly alike: fewer degrees than S - 1
    alike = _costs(rng, 6, 3, 0.05, 2.0, 0.1)
    return [Case(one), Case({"cost": few, "benchmark": benchmark}), Case(alike)]


SMALL = {"cost": np.array([[2.0, 2.0, 5.0], [4.0, 2.0, 6.0]]), "benchmark": np.array([1.0, 0, 2])}

INTERVAL = Check(
    name="two_way",
    title="An interval for two kinds of luck",
    reference=reference_two_way,
    tolerance=EXACT,
    reread='"Two kinds of luck": equation 7 and the table of two agents',
    parts=[
        Part("two agents in three markets", 1.0, [Case(SMALL, "the table above")],
             category="worked example"),
        Part("results of your own", 3.0, random_costs, False, category="other numbers"),
        Part("seeds with equal means, and the smallest table", 1.0, equal_seeds, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("pooled", _pooled,
                "agents in the same market share its luck: these are not S x E independent draws"),
        Mistake("markets_alone", _markets_alone,
                "another training would have given other agents: their spread is missing"),
        Mistake("seeds_alone", _seeds_alone,
                "other markets would have given other numbers: their spread is missing"),
        Mistake("twice", _variant(both=0.0),
                "the interaction is in both of the first two terms: take it off once"),
        Mistake("turned", _variant(sign=-1.0), "the difference is the agents' cost less the "
                "benchmark's, so that negative is better"),
        Mistake("unpaired", _variant(paired=False),
                "the luck of a market that both share cancels: use the differences"),
        Mistake("normal", _variant(quantile=1.959963984540054),
                "with few seeds 1.96 is too small: use Student's t"),
        Mistake("by_n", _variant(ddof=0), "the variance of a sample divides by n - 1"),
        Mistake("no_floor", _variant(floor=False),
                "the variance is never below that of the markets"),
        Mistake("no_least", _variant(least=False),
                "the degrees of freedom are never fewer than S - 1"),
        Mistake("added", _variant(both=-1.0),
                "the interaction is in both of the first two terms: it is taken off, not added"),
        Mistake("not_of_mean", _variant(of_mean=False),
                "these are variances of means: divide the one by S and the other by E"),
        Mistake("by_seeds", _variant(freed=lambda count, markets: count - 1),
                "S - 1 is only the least number of degrees of freedom: work out Satterthwaite's"),
        Mistake("by_all", _variant(freed=lambda count, markets: count * markets - 1),
                "S x E - 1 degrees of freedom would be those of independent draws: use "
                "Satterthwaite's"),
        Mistake("no_root", _variant(root=False),
                "the half-width is Student's t times the *root* of the variance"),
        Mistake("one_tail", _variant(level=0.95),
                "95 % between two ends leaves 2.5 % beyond each: the quantile is 0.975"),
        Mistake("no_t", _variant(quantile=1.0),
                "this is the standard error: multiply it by Student's t"),
        Mistake("whole_width", _variant(wide=2.0),
                "asked is the half-width, from the mean to one end"),
    ],
)

CHECKS = [RESULT, INTERVAL]
