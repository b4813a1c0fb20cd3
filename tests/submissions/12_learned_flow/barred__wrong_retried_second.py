# marks: 0  mistake: retried_second
def barred(first, second, allowed):
    left = second * allowed
    ends = left.sum(axis=1)
    start = np.where(ends > 0, first, 0.0)
    masked = (start / start.sum() / np.where(ends > 0, ends, 1.0))[:, None] * left
    return masked, masked
