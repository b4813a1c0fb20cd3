# marks: 6
def labels(mid, horizon, learn, flat):
    total = np.concatenate([[0.0], np.cumsum(mid - mid[0])])
    t = np.arange(len(mid) - horizon)
    move = (total[t + horizon + 1] - total[t + 1]) / horizon - (mid[t] - mid[0])
    threshold = float(np.quantile(np.abs(move[t + horizon < learn]), flat))
    kept = (t + horizon < learn) | (t >= learn)
    sign = (move > threshold).astype(int) - (move < -threshold).astype(int)
    found = np.full(len(mid), -1)
    found[t[kept]] = 1 + sign[kept]
    return found, threshold
