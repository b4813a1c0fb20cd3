# marks: 1.0  mistake: gaps_only
def residual_test(times, mu, alpha, beta):
    x = mu * np.diff(times, prepend=0.0)
    m = len(x)
    f, steps = 1 - np.exp(-np.sort(x)), np.arange(m + 1) / m
    return x, max((steps[1:] - f).max(), (f - steps[:-1]).max())
