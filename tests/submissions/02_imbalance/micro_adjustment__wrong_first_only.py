# marks: 1.0  mistake: first_only
def micro_adjustment(bucket, move, n, terms):
    start = np.concatenate([bucket[:-1], n - 1 - bucket[:-1]])
    end = np.concatenate([bucket[1:], n - 1 - bucket[1:]])
    step = np.concatenate([move, -np.asarray(move)])
    q = np.zeros((n, n))
    np.add.at(q, (start[step == 0], end[step == 0]), 1)
    seen = np.bincount(start, minlength=n)
    r = np.bincount(start, weights=step, minlength=n) / seen
    return np.linalg.solve(np.eye(n) - q / seen[:, None], r)
