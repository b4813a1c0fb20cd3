"""Exercises 4 and 5 of lesson 03: likelihood and residuals of a Hawkes process."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

SUMS = Tolerance(rtol=1e-8, atol=1e-9, why="the recursion and the double sum differ by rounding")


def _memories(times, beta):
    found = np.zeros(len(times))
    for i in range(1, len(times)):
        found[i] = np.exp(-beta * (times[i] - times[i - 1])) * (1 + found[i - 1])
    return found


def _loglik(times, mu, alpha, beta, horizon, *, itself=0.0, end=None, scale=None):
    end = horizon if end is None else end
    scale = alpha / beta if scale is None else scale
    rate = mu + alpha * (_memories(times, beta) + itself)
    integral = mu * end + scale * np.sum(1 - np.exp(-beta * (end - times)))
    return float(np.sum(np.log(rate)) - integral)


def reference_loglik(times, mu, alpha, beta, horizon):
    return _loglik(times, mu, alpha, beta, horizon)


def _itself(times, mu, alpha, beta, horizon):
    return _loglik(times, mu, alpha, beta, horizon, itself=1.0)


def _last_event(times, mu, alpha, beta, horizon):
    return _loglik(times, mu, alpha, beta, horizon, end=times[-1] if len(times) else 0.0)


def _not_divided(times, mu, alpha, beta, horizon):
    return _loglik(times, mu, alpha, beta, horizon, scale=alpha)


def _one_before(times, mu, alpha, beta, horizon):
    decay = np.append(0.0, np.exp(-beta * np.diff(times)))[:len(times)]
    integral = mu * horizon + alpha / beta * np.sum(1 - np.exp(-beta * (horizon - times)))
    return float(np.sum(np.log(mu + alpha * decay)) - integral)


def _excited_at_first(times, mu, alpha, beta, horizon):
    """The recursion already at the first event, as if one had happened at second 0."""
    remembered = _memories(np.append(0.0, times), beta)[1:]
    integral = mu * horizon + alpha / beta * np.sum(1 - np.exp(-beta * (horizon - times)))
    return float(np.sum(np.log(mu + alpha * remembered)) - integral)


def _no_integral(times, mu, alpha, beta, horizon):
    return float(np.sum(np.log(mu + alpha * _memories(times, beta))))


def _all_children(times, mu, alpha, beta, horizon):
    rate = mu + alpha * _memories(times, beta)
    return float(np.sum(np.log(rate)) - mu * horizon - alpha / beta * len(times))


TWO = {"times": np.array([0.5, 0.5 + 0.5 * np.log(2)]), "mu": 1.0, "alpha": 1.0, "beta": 2.0}


def sample(rng, m):
    times = np.cumsum(rng.exponential(rng.choice([0.05, 1.0], m)))
    mu, beta = (round(float(x), 2) for x in rng.uniform(0.3, 2.5, 2))
    return {"times": times, "mu": mu, "alpha": round(0.7 * beta, 3), "beta": beta}


def random_logliks(rng):
    cases = []
    for m in (15, 60):
        drawn = sample(rng, m)
        cases.append(Case({**drawn, "horizon": float(drawn["times"][-1] + 0.8)}))
    return cases


HAWKES_LOGLIK = Check(
    name="hawkes_loglik",
    title="The likelihood of a Hawkes process",
    kind="function",
    reference=reference_loglik,
    tolerance=SUMS,
    reread='"Events that excite events": the two events worked by hand',
    parts=[
        Part("two events by hand", 1.0, [
            Case({**TWO, "horizon": 0.5 + np.log(2)}, "0.4055 - 1.8181"),
        ], True, category="worked example"),
        Part("three events", 1.0, [
            Case({"times": np.array([1.0, 1.5, 4.0]), "mu": 0.4, "alpha": 0.9, "beta": 1.5,
                  "horizon": 6.0}, "R grows by all events before")], True,
             category="worked example"),
        Part("other events", 2.0, random_logliks, False, category="other numbers", partial=True),
        Part("no event, no excitement", 1.0, [
            Case({"times": np.array([]), "mu": 0.7, "alpha": 0.5, "beta": 1.0, "horizon": 3.0}),
            Case({"times": np.array([0.4, 2.0]), "mu": 0.7, "alpha": 0.0, "beta": 1.0,
                  "horizon": 3.0}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("itself", _itself,
                "your intensity at an event holds the event's own jump; only earlier events count"),
        Mistake("last_event", _last_event,
                "your integral stops at the last event; the silence up to the horizon is data"),
        Mistake("not_divided", _not_divided,
                "the integral of alpha exp(-beta t) is alpha / beta (1 - exp(-beta t)); you left "
                "out the division"),
        Mistake("one_before", _one_before,
                "your R knows only the event before; it must carry on: exp(...) * (1 + R)"),
        Mistake("excited_at_first", _excited_at_first,
                "your first event is already excited, as if one had happened at second 0; R starts "
                "at 0 and is first updated at the second event"),
        Mistake("no_integral", _no_integral, "the integral of the intensity is missing"),
        Mistake("all_children", _all_children,
                "you count all children of every event, also those due after the horizon"),
    ],
)

# --------------------------------------------------------------------------- 5 residual_test


def _distance(x, above=True, below=True):
    m, cdf = len(x), 1 - np.exp(-np.sort(x))
    steps = np.arange(m + 1) / m
    found = [(steps[1:] - cdf).max()] * above + [(cdf - steps[:-1]).max()] * below
    return float(max(found))


def _residuals(times, mu, alpha, beta, after=1.0):
    gaps = np.diff(times, prepend=0.0)
    excited, found = 0.0, []
    for k, gap in enumerate(gaps):
        decay = np.exp(-beta * gap)
        at = excited - (1.0 - after) * (k > 0)
        found.append(mu * gap + alpha / beta * at * (1 - decay))
        excited = excited * decay + 1
    return np.array(found)


def reference_residuals(times, mu, alpha, beta):
    x = _residuals(times, mu, alpha, beta)
    return x, _distance(x)


def _forgets_last(times, mu, alpha, beta):
    x = _residuals(times, mu, alpha, beta, after=0.0)
    return x, _distance(x)


def _decayed_early(times, mu, alpha, beta):
    """The update of exercise 4 after use: the new event decays over the gap behind it."""
    excited, found = 0.0, []
    for gap in np.diff(times, prepend=0.0):
        decay = np.exp(-beta * gap)
        found.append(mu * gap + alpha / beta * excited * (1 - decay))
        excited = (excited + 1) * decay
    return np.array(found), _distance(np.array(found))


def _jump_undivided(times, mu, alpha, beta):
    return reference_residuals(times, mu, alpha * beta, beta)


def _in_order_of_size(times, mu, alpha, beta):
    x, distance = reference_residuals(times, mu, alpha, beta)
    return np.sort(x), distance


def _rate_times_gap(times, mu, alpha, beta):
    x = np.diff(times, prepend=0.0) * (mu + alpha * _memories(times, beta))
    return x, _distance(x)


def _gaps_only(times, mu, alpha, beta):
    x = mu * np.diff(times, prepend=0.0)
    return x, _distance(x)


def _totals(times, mu, alpha, beta):
    x = np.cumsum(_residuals(times, mu, alpha, beta))
    return x, _distance(x)


def _one_sided(times, mu, alpha, beta):
    x = _residuals(times, mu, alpha, beta)
    return x, _distance(x, above=False)


def _unsorted(times, mu, alpha, beta):
    x = _residuals(times, mu, alpha, beta)
    steps, cdf = np.arange(len(x) + 1) / len(x), 1 - np.exp(-x)
    return x, float(max((steps[1:] - cdf).max(), (cdf - steps[:-1]).max()))


def random_residuals(rng):
    return [Case(sample(rng, m)) for m in (12, 50)]


RESIDUAL_TEST = Check(
    name="residual_test",
    title="Residuals of a Hawkes process and their distance from Exp(1)",
    kind="function",
    reference=reference_residuals,
    tolerance=SUMS,
    reread='"Events that excite events": residuals of the two events worked by hand',
    parts=[
        Part("two events by hand", 2.0, [Case(TWO, "0.5 and 0.5966; D = 0.5507")], True,
             category="worked example"),
        Part("five events", 1.0, [
            Case({"times": np.array([0.2, 2.5, 2.6, 2.9, 7.0]), "mu": 0.6, "alpha": 0.8,
                  "beta": 1.6}, "the order of time is not that of size")], True,
             category="worked example"),
        Part("other events", 2.0, random_residuals, False, category="other numbers",
             partial=True),
        Part("a single event, no excitement", 1.0, [
            Case({"times": np.array([3.0]), "mu": 0.9, "alpha": 0.5, "beta": 1.0}),
            # far too few events for mu: the distance is that of the lower corners of the steps
            Case({"times": np.array([0.1, 0.3, 0.35]), "mu": 20.0, "alpha": 0.0, "beta": 1.0}),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("forgets_last", _forgets_last,
                "just after an event the excitement is 1 + R; you leave out the event itself, "
                "whose echo fills the gap that follows"),
        Mistake("rate_times_gap", _rate_times_gap,
                "you multiply the rate at the event by the gap; the rate fell all along the gap, "
                "so integrate it"),
        Mistake("decayed_early", _decayed_early,
                "an event's own 1 is not decayed by the gap before it: A = A * decay + 1, not "
                "(A + 1) * decay"),
        Mistake("jump_undivided", _jump_undivided,
                "the integral of alpha exp(-beta t) is alpha / beta (1 - exp(-beta t)); you left "
                "out the division"),
        Mistake("in_order_of_size", _in_order_of_size,
                "you return the sorted residuals; sort a copy for the distance and return them in "
                "the order of time"),
        Mistake("gaps_only", _gaps_only, "these are the residuals of a Poisson process of rate mu"),
        Mistake("totals", _totals,
                "you return the compensator from 0 on; the residuals are its steps"),
        Mistake("one_sided", _one_sided,
                "your distance looks at one side of the steps; take the larger of both"),
        Mistake("unsorted", _unsorted, "sort the residuals before you compare them with steps"),
    ],
)

CHECKS = [HAWKES_LOGLIK, RESIDUAL_TEST]
