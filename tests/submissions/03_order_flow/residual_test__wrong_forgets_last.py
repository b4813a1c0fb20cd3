# marks: 1.0  mistake: forgets_last
def residual_test(times, mu, alpha, beta):
    gaps = np.diff(times, prepend=0.0)
    memory, x = 0.0, []
    for k, gap in enumerate(gaps):
        decay = np.exp(-beta * gap)
        x.append(mu * gap + alpha / beta * memory * (1 - decay))
        memory = decay * (1 + memory) if k else 0.0
    x = np.array(x)
    m = len(x)
    f, steps = 1 - np.exp(-np.sort(x)), np.arange(m + 1) / m
    return x, max((steps[1:] - f).max(), (f - steps[:-1]).max())
