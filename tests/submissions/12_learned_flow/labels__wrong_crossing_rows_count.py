# marks: 1  mistake: overlap_threshold
def labels(mid, horizon, learn, flat):
    n = len(mid)
    move = np.array([mid[t + 1:t + horizon + 1].mean() - mid[t] for t in range(n - horizon)])
    threshold = np.quantile(np.abs(move[:learn]), flat)
    found = np.full(n, -1)
    found[:n - horizon] = 1 + (move > threshold) - 1 * (move < -threshold)
    found[learn - horizon:learn] = -1
    return found, threshold
