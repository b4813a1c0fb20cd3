# marks: 0.0  mistake: step_not_first_move
def micro_adjustment(bucket, move, n, terms):
    start = np.concatenate([bucket[:-1], n - 1 - bucket[:-1]])
    step = np.concatenate([move, -np.asarray(move)])
    return np.bincount(start, weights=step, minlength=n) / np.bincount(start, minlength=n)
