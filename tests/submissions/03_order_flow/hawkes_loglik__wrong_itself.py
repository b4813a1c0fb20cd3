# marks: 1.0  mistake: itself
def hawkes_loglik(times, mu, alpha, beta, horizon):
    total, memory, last = 0.0, 0.0, 0.0
    for t in times:
        memory = np.exp(-beta * (t - last)) * memory + 1
        total += np.log(mu + alpha * memory)
        last = t
    return total - mu * horizon - alpha / beta * (1 - np.exp(-beta * (horizon - times))).sum()
