# marks: 5.0
def hawkes_loglik(times, mu, alpha, beta, horizon):
    apart = times[:, None] - times[None, :]
    echoes = np.where(apart > 0, np.exp(-beta * np.maximum(apart, 0)), 0.0).sum(axis=1)
    integral = mu * horizon + (alpha / beta) * (1 - np.exp(-beta * (horizon - times))).sum()
    return np.log(mu + alpha * echoes).sum() - integral
