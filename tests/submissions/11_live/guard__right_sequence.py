# marks: 6
def guard(difference, tau, alpha, least):
    n = np.arange(1, len(difference) + 1)
    mean = np.cumsum(difference) / n
    error = np.array([np.std(difference[:k], ddof=1) / np.sqrt(k) if k > 1 else np.nan for k in n])
    low, high = confidence_sequence(mean, error, tau, alpha=alpha, nested=False)
    for k in range(least - 1, len(difference)):
        if low[k] > 0:
            return "worse", k + 1
        if high[k] < 0:
            return "better", k + 1
    return "open", len(difference)
