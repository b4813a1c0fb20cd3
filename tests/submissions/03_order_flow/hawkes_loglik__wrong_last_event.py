# marks: 0.0  mistake: last_event
def hawkes_loglik(times, mu, alpha, beta, horizon):
    end = times[-1] if len(times) else 0.0
    total, memory = 0.0, 0.0
    for i, t in enumerate(times):
        if i:
            memory = np.exp(-beta * (t - times[i - 1])) * (1 + memory)
        total += np.log(mu + alpha * memory)
    return total - mu * end - alpha / beta * (1 - np.exp(-beta * (end - times))).sum()
