# marks: 6.0
def residual_test(times, mu, alpha, beta):
    def total(t):
        before = times[times < t]
        return mu * t + alpha / beta * (1 - np.exp(-beta * (t - before))).sum()
    x = np.diff([0.0] + [total(t) for t in times])
    ordered, m = np.sort(x), len(x)
    worst = 0.0
    for i, value in enumerate(ordered):
        f = 1 - np.exp(-value)
        worst = max(worst, (i + 1) / m - f, f - i / m)
    return list(x), worst
