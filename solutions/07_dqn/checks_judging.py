"""Exercises 6 and 7 of lesson 07: what ails a training, and what an agent's gain is made of."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-8, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# --------------------------------------------------------------------------- 6 diagnosis

FAULTS = {"A": "target never updated", "B": "rewards not scaled", "C": "healthy",
          "D": "discount too small", "E": "bootstraps through the end",
          "F": "learning rate too large"}


def reference_diagnosis(patient):
    return FAULTS[patient]


def _near_sighted(patient):
    return FAULTS[{"A": "D", "D": "A"}.get(patient, patient)]


def _size(patient):
    return FAULTS[{"B": "F", "F": "B"}.get(patient, patient)]


def _calm(patient):
    return FAULTS[{"C": "E", "E": "C"}.get(patient, patient)]


def _content(patient):
    return FAULTS[{"C": "D", "D": "C"}.get(patient, patient)]


def _end(patient):
    return FAULTS[{"A": "E", "E": "A"}.get(patient, patient)]


def _restless(patient):
    return FAULTS[{"A": "F", "F": "A"}.get(patient, patient)]


DIAGNOSIS = Check(
    name="diagnosis",
    title="Find the bug: six agents",
    reference=reference_diagnosis,
    show_expected=False,
    reread='"My agent does not learn": the table, line by line for that patient',
    parts=[
        Part("patients A and B", 2.0, [Case({"patient": patient}) for patient in "AB"],
             partial=True, category="worked example"),
        Part("the other patients", 4.0, [Case({"patient": patient}) for patient in "CDEF"], False,
             category="other numbers", partial=True),
    ],
    mistakes=[
        Mistake("near_sighted", _near_sighted,
                "both look at the near future only; but where the discount is at fault, the value "
                "agrees with the discounted return that came"),
        Mistake("size", _size,
                "look at the size of the rewards first: is it a size that a network can learn?"),
        Mistake("calm", _calm,
                "both are calm; hold the value before the last decision against what it brought, "
                "and the cost against the optimum"),
        Mistake("content", _content,
                "the value agrees with the discounted return in both; which one costs 3.44?"),
        Mistake("end", _end,
                "where the end is at fault the value of the last decision is wrong, not that of "
                "the start alone"),
        Mistake("restless", _restless,
                "look at the shares of the actions and at how the figures jump from look to look"),
    ],
)

# --------------------------------------------------------------------------- 7 ladder


def reference_ladder(twap, passive, blind, agent):
    return _ladder(twap, passive, blind, agent, _two_way)


def _two_way(d, ddof=1):
    agents, episodes = d.shape
    rows, columns = d.mean(axis=1), d.mean(axis=0)
    of_episodes = columns.var(ddof=ddof) / episodes
    if agents == 1:
        return of_episodes**0.5
    rest = d - rows[:, None] - columns[None, :] + d.mean()
    both = (rest**2).sum() / ((agents - ddof) * (episodes - ddof)) / d.size
    return max(rows.var(ddof=ddof) / agents + of_episodes - both, of_episodes) ** 0.5


def _ladder(twap, passive, blind, agent, error, sign=1.0):
    agent, blind = np.asarray(agent, float), np.asarray(blind, float)
    rungs = [np.broadcast_to(sign * (np.asarray(worse) - better), agent.shape)
             for worse, better in ((twap, passive), (passive, blind), (blind, agent))]
    return np.array([[d.mean(), error(d)] for d in rungs])


def _all_independent(twap, passive, blind, agent):
    return _ladder(twap, passive, blind, agent, lambda d: d.std(ddof=1) / d.size**0.5)


def _episodes_only(twap, passive, blind, agent):
    return _ladder(twap, passive, blind, agent,
                   lambda d: d.mean(axis=0).std(ddof=1) / d.shape[1]**0.5)


def _agents_only(twap, passive, blind, agent):
    return _ladder(twap, passive, blind, agent, lambda d: 0.0 if len(d) == 1 else
                   d.mean(axis=1).std(ddof=1) / len(d)**0.5)


def _turned(twap, passive, blind, agent):
    return _ladder(twap, passive, blind, agent, _two_way, sign=-1.0)


def _population(twap, passive, blind, agent):
    def error(d):
        if len(d) == 1:
            return d.mean(axis=0).std() / d.shape[1]**0.5
        rest = d - d.mean(axis=1)[:, None] - d.mean(axis=0) + d.mean()
        of_episodes = d.mean(axis=0).var() / d.shape[1]
        both = (rest**2).mean() / d.size
        return max(d.mean(axis=1).var() / len(d) + of_episodes - both, of_episodes) ** 0.5
    return _ladder(twap, passive, blind, agent, error)


def _counted_twice(twap, passive, blind, agent):
    def error(d):
        of_agents = d.mean(axis=1).var(ddof=1) / len(d) if len(d) > 1 else 0.0
        return (of_agents + d.mean(axis=0).var(ddof=1) / d.shape[1]) ** 0.5
    return _ladder(twap, passive, blind, agent, error)


def _variances(twap, passive, blind, agent):
    return _ladder(twap, passive, blind, agent, lambda d: _two_way(d) ** 2)


def _from_twap(twap, passive, blind, agent):
    agent, blind = np.asarray(agent, float), np.asarray(blind, float)
    rungs = [np.broadcast_to(np.asarray(twap) - better, agent.shape)
             for better in (passive, blind, agent)]
    return np.array([[d.mean(), _two_way(d)] for d in rungs])


def _costs(rng, agents, episodes, spread=0.4):
    luck = rng.normal(0, 2, episodes)
    twap, passive = 1.5 + luck + rng.normal(0, 1, episodes), 1.0 + luck
    own = rng.normal(0, spread, (agents, 1))
    blind = 0.9 + luck + own + rng.normal(0, 0.6, (agents, episodes))
    agent = blind - 0.1 + rng.normal(0, spread / 2, (agents, 1)) \
        + rng.normal(0, 0.3, (agents, episodes))
    return {"twap": twap.round(3), "passive": passive.round(3), "blind": blind.round(3),
            "agent": agent.round(3)}


def tables(rng):
    return [Case(_costs(rng, 5, 12)), Case(_costs(rng, 3, 20, 1.0))]


def odd_tables(rng):
    return [Case(_costs(rng, 1, 15)), Case(_costs(rng, 2, 3, 0.0))]


HAND = {"twap": np.array([5.0, 6, 10]), "passive": np.array([4.0, 4, 7]),
        "blind": np.array([[3.0, 2, 4], [1, 0, -1]]), "agent": np.array([[3.0, 1, 4], [1, 0, -2]])}

LADDER = Check(
    name="ladder",
    title="How much of it is patience?",
    reference=reference_ladder,
    tolerance=EXACT,
    reread='"The book": equation 7 and the table of the three rungs',
    parts=[
        Part("three rungs by hand", 1.0, [Case(HAND, "the table above")],
             category="worked example"),
        Part("costs of your own", 4.0, tables, False, category="other numbers"),
        Part("one agent, and few episodes", 1.0, odd_tables, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("turned", _turned, "a gain is what it costs less: the worse policy minus the "
                                   "better one"),
        Mistake("from_twap", _from_twap,
                "a rung is the gain over the rung before it, not over TWAP each time"),
        Mistake("all_independent", _all_independent,
                "the differences of one market are alike for all agents, and those of one agent in "
                "all markets: they are not independent"),
        Mistake("episodes_only", _episodes_only,
                "another training seed is another agent: the variance of the agents' means is "
                "missing"),
        Mistake("agents_only", _agents_only,
                "other markets would give other means: the variance of the episodes is missing"),
        Mistake("population", _population,
                "variances are estimated: their divisors are S - 1 and E - 1"),
        Mistake("counted_twice", _counted_twice,
                "what neither agents nor episodes explain is in both variances: take it off once"),
        Mistake("variances", _variances, "these are variances; the standard error is their root"),
    ],
)

CHECKS = [DIAGNOSIS, LADDER]
