"""Whiteboard functions of lessons 06 to 13: returns, targets, tests, attention, drawdowns."""

from __future__ import annotations

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

_CALCULATOR = Tolerance(rtol=1e-6, atol=1e-9, why="rounding only")


def _two(hand, fresh):
    return [Part("the case by hand", 1, [Case(hand)]), Part("fresh numbers", 1, fresh)]


def _tenths(rng, count, low=-20, high=20):
    return (rng.integers(low, high, count) / 10).tolist()


def _to_go(rewards, ended, discount):
    out, running = [0.0] * len(rewards), 0.0
    for i in reversed(range(len(rewards))):
        running = rewards[i] + (0.0 if ended[i] else discount * running)
        out[i] = running
    return out


def _to_go_leaks(rewards, ended, discount):
    return _to_go(rewards, [False] * len(ended), discount)


def _to_go_shifted(rewards, ended, discount):
    return _to_go(rewards, [False, *ended[:-1]], discount)


def _to_go_cases(rng):
    return [Case({"rewards": _tenths(rng, 6), "ended": [False, False, True, False, False, True],
                  "discount": 0.9}),
            Case({"rewards": _tenths(rng, 4), "ended": [False] * 4, "discount": 0.95})]


def _double(rewards, discount, online, target, terminated):
    out = []
    for i, reward in enumerate(rewards):
        best = int(np.argmax(online[i]))
        out.append(reward + (0.0 if terminated[i] else discount * target[i][best]))
    return out


def _single(rewards, discount, online, target, terminated):
    return _double(rewards, discount, target, target, terminated)


def _never_ends(rewards, discount, online, target, terminated):
    return _double(rewards, discount, online, target, [False] * len(rewards))


def _double_cases(rng):
    n = 6
    return [Case({"rewards": _tenths(rng, n), "discount": 0.9,
                  "online": [_tenths(rng, 3) for _ in range(n)],
                  "target": [_tenths(rng, 3) for _ in range(n)],
                  "terminated": [False, True, False, False, True, False]})]


def _gae(rewards, values, next_values, terminated, cut, discount, lam):
    out, running = [0.0] * len(rewards), 0.0
    for i in reversed(range(len(rewards))):
        after = 0.0 if terminated[i] else next_values[i]
        error = rewards[i] + discount * after - values[i]
        running = error + (0.0 if terminated[i] or cut[i] else discount * lam * running)
        out[i] = running
    return out


def _gae_cut_ends(rewards, values, next_values, terminated, cut, discount, lam):
    either = [a or b for a, b in zip(terminated, cut, strict=True)]
    return _gae(rewards, values, next_values, either, cut, discount, lam)


def _gae_flows(rewards, values, next_values, terminated, cut, discount, lam):
    return _gae(rewards, values, next_values, terminated, [False] * len(cut), discount, lam)


def _gae_cases(rng):
    return [Case({"rewards": _tenths(rng, 6), "values": _tenths(rng, 6),
                  "next_values": _tenths(rng, 6, 5, 20),
                  "terminated": [False, False, True, False, False, False],
                  "cut": [False, False, False, False, True, False], "discount": 0.9,
                  "lam": 0.8})]


def _certain(profits, gamma):
    values = -gamma * np.asarray(profits, dtype=float)
    top = float(values.max())
    return -(top + math.log(float(np.mean(np.exp(values - top))))) / gamma


def _certain_naive(profits, gamma):
    return -math.log(float(np.mean([math.exp(-gamma * x) for x in profits]))) / gamma


def _certain_normal(profits, gamma):
    return float(np.mean(profits) - gamma / 2 * np.var(profits))


def _certain_cases(rng):
    return [Case({"profits": rng.normal(50, 12, 30).round(1).tolist(), "gamma": 0.1}),
            Case({"profits": [-9000.0, 20.0, 35.5], "gamma": 0.1}, "a loss beyond exp's range")]


def _area(with_order, without):
    pairs = [(a > b) + 0.5 * (a == b) for a in with_order for b in without]
    return sum(pairs) / len(pairs)


def _area_no_ties(with_order, without):
    return sum(a > b for a in with_order for b in without) / (len(with_order) * len(without))


def _area_weak(with_order, without):
    return sum(a >= b for a in with_order for b in without) / (len(with_order) * len(without))


def _area_cases(rng):
    return [Case({"with_order": rng.integers(1, 9, 6).tolist(),
                  "without": rng.integers(0, 7, 5).tolist()}) for _ in range(2)]


def _gap(first, second):
    points = sorted({*first, *second})
    return max(abs(sum(x <= p for x in first) / len(first)
                   - sum(x <= p for x in second) / len(second)) for p in points)


def _gap_signed(first, second):
    points = sorted({*first, *second})
    return max(sum(x <= p for x in first) / len(first)
               - sum(x <= p for x in second) / len(second) for p in points)


def _gap_paired(first, second):
    return max(abs(a - b) for a, b in zip(sorted(first), sorted(second), strict=False))


def _gap_cases(rng):
    return [Case({"first": rng.integers(3, 12, 6).tolist(),
                  "second": rng.integers(0, 8, 4).tolist()}) for _ in range(2)]


def _holm(p_values):
    from lobsim.sim_to_real.drift_tests import holm

    return [float(x) for x in holm(p_values)]


def _bonferroni(p_values):
    return [min(1.0, len(p_values) * p) for p in p_values]


def _holm_not_monotone(p_values):
    order = np.argsort(p_values, kind="stable")
    out = [0.0] * len(p_values)
    for rank, i in enumerate(order):
        out[i] = min(1.0, (len(p_values) - rank) * p_values[i])
    return out


def _holm_cases(rng):
    return [Case({"p_values": [0.01, 0.011, 0.04, 0.03]}),
            Case({"p_values": (rng.integers(1, 500, 6) / 1e3).tolist()})]


def _markov(tokens, size):
    counts = np.ones((size, size))
    for a, b in zip(tokens[:-1], tokens[1:], strict=True):
        counts[a, b] += 1
    return (counts / counts.sum(axis=1, keepdims=True)).tolist()


def _markov_columns(tokens, size):
    return np.transpose(_markov(tokens[::-1], size)).tolist()


def _markov_bare(tokens, size):
    counts = np.zeros((size, size))
    for a, b in zip(tokens[:-1], tokens[1:], strict=True):
        counts[a, b] += 1
    return (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).tolist()


def _markov_cases(rng):
    return [Case({"tokens": rng.integers(0, 3, 15).tolist(), "size": 4})]


def _attention(scores):
    out = []
    for i, row in enumerate(scores):
        top = max(row[: i + 1])
        seen = [math.exp(x - top) for x in row[: i + 1]]
        out.append([x / sum(seen) for x in seen] + [0.0] * (len(row) - i - 1))
    return out


def _attention_everywhere(scores):
    whole = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return (whole / whole.sum(axis=1, keepdims=True)).tolist()


def _attention_masked_late(scores):
    return np.tril(_attention_everywhere(scores)).tolist()


def _attention_not_itself(scores):
    whole = np.tril(np.exp(scores - np.max(scores, axis=1, keepdims=True)), -1)
    return (whole / np.maximum(whole.sum(axis=1, keepdims=True), 1e-12)).tolist()


def _attention_zero_scores(scores):
    return _attention_everywhere(np.tril(scores))


def _attention_future(scores):
    turned = _attention(np.asarray(scores)[::-1, ::-1].tolist())
    return np.asarray(turned)[::-1, ::-1].tolist()


def _attention_cases(rng):
    return [Case({"scores": [_tenths(rng, 4) for _ in range(4)]}),
            Case({"scores": [[900.0, 1.0], [899.0, 900.0]]}, "scores beyond exp's range")]


def _drawdown(profits):
    wealth = np.r_[0.0, np.cumsum(profits)]
    return float(np.max(np.maximum.accumulate(wealth) - wealth))


def _drawdown_no_start(profits):
    wealth = np.cumsum(profits)
    return float(np.max(np.maximum.accumulate(wealth) - wealth))


def _drawdown_worst_day(profits):
    return float(max(0.0, -min(profits)))


def _drawdown_range(profits):
    wealth = np.r_[0.0, np.cumsum(profits)]
    return float(wealth.max() - wealth.min())


def _drawdown_cases(rng):
    return [Case({"profits": [-3.0, *_tenths(rng, 8)]}), Case({"profits": _tenths(rng, 10)}),
            Case({"profits": [1.0, 2.0, 0.5]}, "it never falls")]


CHECKS = [
    Check("returns_to_go", "Returns to go", _to_go,
          _two({"rewards": [1.0, 2.0, 3.0], "ended": [False, True, False], "discount": 0.5},
               _to_go_cases), tolerance=_CALCULATOR, mistakes=[
              Mistake("leaks", _to_go_leaks, "rewards of the next episode flow back."),
              Mistake("one_late", _to_go_shifted,
                      "the end is one step late: `ended` belongs to the step of its reward.")]),
    Check("double_targets", "Targets of double DQN", _double,
          _two({"rewards": [1.0, 1.0], "discount": 0.5, "online": [[0.0, 2.0], [1.0, 0.0]],
                "target": [[4.0, 3.0], [5.0, 6.0]], "terminated": [False, True]}, _double_cases),
          tolerance=_CALCULATOR, mistakes=[
              Mistake("single", _single, "that is plain DQN: the target network chooses, too."),
              Mistake("never_ends", _never_ends, "a terminated row has no next value.")]),
    Check("gae", "Generalised advantages", _gae,
          _two({"rewards": [1.0, 1.0], "values": [1.0, 2.0], "next_values": [2.0, 3.0],
                "terminated": [False, False], "cut": [False, True], "discount": 0.5, "lam": 0.5},
               _gae_cases), tolerance=_CALCULATOR, mistakes=[
              Mistake("cut_is_the_end", _gae_cut_ends,
                      "a cut episode goes on without you: its next value counts."),
              Mistake("flows_through", _gae_flows,
                      "after a cut, nothing of the next episode may flow back.")]),
    Check("certain_worth", "A certainty equivalent", _certain,
          _two({"profits": [10.0, 10.0], "gamma": 0.1}, _certain_cases),
          tolerance=_CALCULATOR, mistakes=[
              Mistake("normal", _certain_normal,
                      "mean less half gamma times variance holds for a normal law only."),
              Mistake("overflow", _certain_naive,
                      "exp overflows: take the largest exponent out first."),
              Mistake("too_large", None, "exp overflows: take the largest exponent out first.",
                      error="OverflowError")]),
    Check("area_by_pairs", "An area under a curve", _area,
          _two({"with_order": [3, 2], "without": [2, 1]}, _area_cases), tolerance=_CALCULATOR,
          mistakes=[
              Mistake("ties_lost", _area_no_ties, "a tie is half a win."),
              Mistake("ties_won", _area_weak, "a tie is half a win, not a whole one.")]),
    Check("largest_gap", "The statistic of Kolmogorov and Smirnov", _gap,
          _two({"first": [3, 4], "second": [1, 2]}, _gap_cases), tolerance=_CALCULATOR, mistakes=[
              Mistake("one_sided", _gap_signed, "the gap counts on both sides."),
              Mistake("of_values", _gap_paired,
                      "that compares values; compare shares of rows at or below each value.")]),
    Check("holm", "Holm's adjusted p values", _holm,
          _two({"p_values": [0.01, 0.04]}, _holm_cases), tolerance=_CALCULATOR, mistakes=[
              Mistake("bonferroni", _bonferroni, "that is Bonferroni; Holm steps down."),
              Mistake("not_monotone", _holm_not_monotone,
                      "an adjusted value may not fall below that of a smaller p.")]),
    Check("markov_baseline", "A baseline for a language model", _markov,
          _two({"tokens": [0, 1, 1, 0], "size": 2}, _markov_cases), tolerance=_CALCULATOR,
          mistakes=[
              Mistake("no_smoothing", _markov_bare,
                      "a pair never seen gets no chance: its first arrival costs infinitely much."),
              Mistake("columns", _markov_columns, "rows are what comes before, and add to 1.")]),
    Check("causal_weights", "Weights that see the past only", _attention,
          _two({"scores": [[1.0, 5.0], [0.0, 0.0]]}, _attention_cases), tolerance=_CALCULATOR,
          mistakes=[
              Mistake("sees_ahead", _attention_everywhere, "a row may not see what comes later."),
              Mistake("masked_late", _attention_masked_late,
                      "mask before the weights are shared out, or they do not add up to 1."),
              Mistake("zero_scores", _attention_zero_scores,
                      "a score of 0 is not hidden: exp(0) is 1. Hidden is minus infinity."),
              Mistake("not_itself", _attention_not_itself, "a row sees itself, too."),
              Mistake("the_future", _attention_future, "that hides the past."),
              Mistake("too_large", None, "exp overflows: take the largest score out first.",
                      error="OverflowError")]),
    Check("drawdown", "The largest drawdown", _drawdown,
          _two({"profits": [2.0, -5.0, 4.0]}, _drawdown_cases), tolerance=_CALCULATOR, mistakes=[
              Mistake("start_forgotten", _drawdown_no_start,
                      "wealth starts at 0, and that may be the peak."),
              Mistake("worst_day", _drawdown_worst_day, "losses add up over days."),
              Mistake("range", _drawdown_range, "the low must come after the high.")]),
]
