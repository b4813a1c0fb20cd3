# marks: 5.0
def hawkes_loglik(times, mu, alpha, beta, horizon):
    excited, last, total = 0.0, 0.0, 0.0
    for t in list(times) + [None]:
        end = horizon if t is None else t
        decay = np.exp(-beta * (end - last))
        total -= mu * (end - last) + excited * (1 - decay) / beta
        excited *= decay
        if t is not None:
            total += np.log(mu + excited)
            excited += alpha
        last = end
    return total
