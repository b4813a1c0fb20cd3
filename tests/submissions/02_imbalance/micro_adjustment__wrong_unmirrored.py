# marks: 0.0  mistake: unmirrored
def micro_adjustment(bucket, move, n, terms):
    start, end, step = bucket[:-1], bucket[1:], np.asarray(move)
    q, t = np.zeros((n, n)), np.zeros((n, n))
    np.add.at(q, (start[step == 0], end[step == 0]), 1)
    np.add.at(t, (start[step != 0], end[step != 0]), 1)
    seen = np.bincount(start, minlength=n)
    r = np.bincount(start, weights=step, minlength=n) / seen
    term = np.linalg.solve(np.eye(n) - q / seen[:, None], r)
    b = np.linalg.solve(np.eye(n) - q / seen[:, None], t / seen[:, None])
    total = 0
    for _ in range(terms):
        total, term = total + term, b @ term
    return total
