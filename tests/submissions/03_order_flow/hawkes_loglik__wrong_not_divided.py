# marks: 1.0  mistake: not_divided
def hawkes_loglik(times, mu, alpha, beta, horizon):
    total, memory = 0.0, 0.0
    for i, t in enumerate(times):
        if i:
            memory = np.exp(-beta * (t - times[i - 1])) * (1 + memory)
        total += np.log(mu + alpha * memory)
    return total - mu * horizon - alpha * (1 - np.exp(-beta * (horizon - times))).sum()
