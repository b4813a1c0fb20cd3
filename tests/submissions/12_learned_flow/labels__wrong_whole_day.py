# marks: 1  mistake: whole_day
def labels(mid, horizon, learn, flat):
    n = len(mid)
    move = np.array([mid[t + 1:t + horizon + 1].mean() - mid[t] for t in range(n - horizon)])
    threshold = float(np.quantile(np.abs(np.delete(move, np.arange(max(learn - horizon, 0), min(learn, len(move))))), flat))
    found = np.full(n, -1)
    found[:n - horizon] = np.where(move > threshold, 2, np.where(move < -threshold, 0, 1))
    found[max(learn - horizon, 0):learn] = -1
    return found, threshold
