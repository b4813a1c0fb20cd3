# marks: 1.0  mistake: decayed_early
def residual_test(times, mu, alpha, beta):
    excited, last, residuals = 0.0, 0.0, []
    for time in times:
        decay = np.exp(-beta * (time - last))
        residuals.append(mu * (time - last) + alpha / beta * excited * (1 - decay))
        excited = decay * (1 + excited)
        last = time
    m = len(times)
    cdf = 1 - np.exp(-np.sort(residuals))
    steps = np.arange(m + 1) / m
    return np.array(residuals), max((steps[1:] - cdf).max(), (cdf - steps[:-1]).max())
