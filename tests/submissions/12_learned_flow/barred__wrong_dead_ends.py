# marks: 3  mistake: dead_ends
def barred(first, second, allowed):
    left = second * allowed
    ends = left.sum(axis=1)
    masked = (first / np.where(ends > 0, ends, 1.0))[:, None] * left
    retried = first[:, None] * left
    return masked, retried / retried.sum()
