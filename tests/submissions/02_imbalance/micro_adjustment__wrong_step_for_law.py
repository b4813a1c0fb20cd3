# marks: 2.0  mistake: step_for_law
def micro_adjustment(bucket, move, n, terms):
    still, moved, r = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
    for x, y, step in zip(bucket[:-1], bucket[1:], move):
        for a, b, d in ((x, y, step), (n - 1 - x, n - 1 - y, -step)):
            (moved if d else still)[a, b] += 1
            r[a] += d
    seen = (still + moved).sum(axis=1)
    q, t, r = still / seen[:, None], moved / seen[:, None], r / seen
    term = np.linalg.solve(np.eye(n) - q, r)
    total = np.zeros(n)
    for _ in range(terms):
        total, term = total + term, t @ term
    return total
