# marks: 6
def labels(mid, horizon, learn, flat):
    n = len(mid)
    found, moves, sizes = [-1] * n, {}, []
    for t in range(n):
        if t + horizon < n:
            moves[t] = sum(mid[t + i] for i in range(1, horizon + 1)) / horizon - mid[t]
            if t + horizon < learn:
                sizes.append(abs(moves[t]))
    threshold = np.quantile(sizes, flat)
    for t, move in moves.items():
        if t >= learn or t + horizon < learn:
            found[t] = 2 if move > threshold else 0 if move < -threshold else 1
    return np.array(found), threshold
