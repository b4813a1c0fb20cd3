# marks: 3.0  mistake: infinite
def health(log_new, log_old, clip, values, returns):
    x = log_new - log_old
    explained = 1 - np.var(returns - values) / np.var(returns)
    return np.mean(np.exp(x) - 1 - x), np.mean(np.abs(np.exp(x) - 1) > clip), explained
