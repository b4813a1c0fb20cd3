# marks: 1  mistake: tie
def labels(mid, horizon, learn, flat):
    n = len(mid)
    move = np.array([mid[t + 1:t + horizon + 1].mean() - mid[t] for t in range(n - horizon)])
    threshold = float(np.quantile(np.abs(move[:learn - horizon]), flat))
    found = np.full(n, -1)
    found[:n - horizon] = np.where(move >= threshold, 2, np.where(move <= -threshold, 0, 1))
    found[max(learn - horizon, 0):learn] = -1
    return found, threshold
