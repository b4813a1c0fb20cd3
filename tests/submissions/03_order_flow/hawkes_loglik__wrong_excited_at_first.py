# marks: 1.0  mistake: excited_at_first
def hawkes_loglik(times, mu, alpha, beta, horizon):
    total, memory, last = 0.0, 0.0, 0.0
    for time in times:
        memory = np.exp(-beta * (time - last)) * (1 + memory)
        total += np.log(mu + alpha * memory)
        last = time
    integral = mu * horizon + alpha / beta * np.sum(1 - np.exp(-beta * (horizon - times)))
    return float(total - integral)
