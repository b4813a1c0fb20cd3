"""Compiled loops over the events of a Hawkes process.

R[p, j] is the sum over past events k of type j of ``exp(-beta_p (t - t_k))``, and S[p, j] that of
``(t - t_k) exp(-beta_p (t - t_k))``, its derivative by -beta. Both follow from one event to the
next, so that no loop looks back. `level` is the activity at each event, which multiplies mu, and
`exposure` the integral of the activity.
"""

import numpy as np

from lobsim.engine.jit import njit


@njit
def thin(mu, alpha, beta, horizon, rng):
    """Ogata's thinning; returns times and types."""
    p, d = alpha.shape[0], mu.shape[0]
    room = 1024
    times, types = np.empty(room), np.empty(room, np.int64)
    excited = np.zeros((p, d))  # part p of the rate of type i above mu
    base = mu.sum()
    n = 0
    t = 0.0
    while True:
        bound = base + excited.sum()
        wait = rng.standard_exponential() / bound if bound > 0 else np.inf
        t += wait
        if not t <= horizon:
            break
        for q in range(p):
            excited[q] *= np.exp(-beta[q] * wait)
        u = rng.random() * bound
        chosen = -1
        for i in range(d):
            u -= mu[i] + excited[:, i].sum()
            if u < 0:
                chosen = i
                break
        if chosen < 0:
            continue
        if n == room:
            room *= 2
            longer, longer_types = np.empty(room), np.empty(room, np.int64)
            longer[:n], longer_types[:n] = times, types
            times, types = longer, longer_types
        times[n], types[n] = t, chosen
        n += 1
        for q in range(p):
            for i in range(d):
                excited[q, i] += alpha[q, i, chosen]
    return times[:n].copy(), types[:n].copy()


@njit(borrows=True)
def log_likelihood(times, types, horizon, level, exposure, mu, alpha, beta, memory, g_mu, g_alpha,
                   g_beta):
    """Log-likelihood; its gradient is added to the last three arguments.

    `memory` is a zeroed scratch array of shape (2, P, D).
    """
    p, d = alpha.shape[0], mu.shape[0]
    total = 0.0
    last = 0.0
    for k in range(times.shape[0]):
        passed = times[k] - last
        last = times[k]
        c = types[k]
        rate = mu[c] * level[k]
        _decay(memory, passed, beta)
        for q in range(p):
            for j in range(d):
                rate += alpha[q, c, j] * memory[0, q, j]
        total += np.log(rate)
        weight = 1.0 / rate
        g_mu[c] += weight * level[k]
        for q in range(p):
            slope = 0.0
            for j in range(d):
                g_alpha[q, c, j] += weight * memory[0, q, j]
                slope += alpha[q, c, j] * memory[1, q, j]
            g_beta[q] -= weight * slope
            memory[0, q, c] += 1.0
    _decay(memory, horizon - last, beta)
    return total - _compensator(types, exposure, mu, alpha, beta, memory, g_mu, g_alpha, g_beta)


@njit(borrows=True, forceinline=True)
def _decay(memory, passed, beta):
    """Let R and S age by `passed` seconds."""
    for q in range(beta.shape[0]):
        factor = np.exp(-beta[q] * passed)
        for j in range(memory.shape[2]):
            memory[1, q, j] = factor * (memory[1, q, j] + passed * memory[0, q, j])
            memory[0, q, j] *= factor


@njit(borrows=True)
def _compensator(types, exposure, mu, alpha, beta, memory, g_mu, g_alpha, g_beta):
    """Integral of all rates up to the horizon; its gradient is subtracted."""
    p, d = alpha.shape[0], mu.shape[0]
    total = 0.0
    for i in range(d):
        total += mu[i] * exposure
        g_mu[i] -= exposure
    for j in range(d):
        count = 0.0
        for k in range(types.shape[0]):
            if types[k] == j:
                count += 1.0
        for q in range(p):
            ended = count - memory[0, q, j]  # sum of 1 - exp(-beta (T - t_k))
            column = 0.0
            for i in range(d):
                column += alpha[q, i, j]
                g_alpha[q, i, j] -= ended / beta[q]
            total += column * ended / beta[q]
            g_beta[q] -= column * (memory[1, q, j] - ended / beta[q]) / beta[q]
    return total


@njit(borrows=True)
def information_blocks(times, types, level, mu, alpha, beta, memory, blocks):
    """Add ``x x^T / rate**2``, x = (level, R), to the block of each event's type.

    These are minus the second derivatives of the log-likelihood by mu_i and alpha_{p,i,j}, in the
    order (mu_i, alpha_{1,i,1}, ..., alpha_{1,i,D}, alpha_{2,i,1}, ...).
    """
    p, d = alpha.shape[0], mu.shape[0]
    last = 0.0
    for k in range(times.shape[0]):
        passed = times[k] - last
        last = times[k]
        c = types[k]
        rate = mu[c] * level[k]
        for q in range(p):
            factor = np.exp(-beta[q] * passed)
            for j in range(d):
                memory[q, j] *= factor
                rate += alpha[q, c, j] * memory[q, j]
        weight = 1.0 / (rate * rate)
        block = blocks[c]
        block[0, 0] += weight * level[k] * level[k]
        for a in range(p * d):
            x = weight * memory[a // d, a % d]
            block[0, a + 1] += x * level[k]
            block[a + 1, 0] += x * level[k]
            for b in range(p * d):
                block[a + 1, b + 1] += x * memory[b // d, b % d]
        for q in range(p):
            memory[q, c] += 1.0


@njit
def compensators_at_events(times, types, exposure, mu, alpha, beta):
    """Integral of the rate of each event's own type from 0 to the event.

    `exposure` is that of the activity from 0 to each event.
    """
    p, d = alpha.shape[0], mu.shape[0]
    memory = np.zeros((p, d))
    counts = np.zeros(d)
    found = np.empty(times.shape[0])
    last = 0.0
    for k in range(times.shape[0]):
        passed = times[k] - last
        last = times[k]
        c = types[k]
        total = mu[c] * exposure[k]
        for q in range(p):
            factor = np.exp(-beta[q] * passed)
            for j in range(d):
                memory[q, j] *= factor
                total += alpha[q, c, j] * (counts[j] - memory[q, j]) / beta[q]
        found[k] = total
        for q in range(p):
            memory[q, c] += 1.0
        counts[c] += 1.0
    return found
