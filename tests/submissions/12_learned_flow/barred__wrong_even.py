# marks: 1  mistake: even
def barred(first, second, allowed):
    left = second * allowed
    count = allowed.sum(axis=1)
    start = np.where(count > 0, first, 0.0)
    spread = (1 - left.sum(axis=1)) / np.maximum(count, 1)
    masked = (start / start.sum())[:, None] * np.where(allowed, left + spread[:, None], 0.0)
    retried = first[:, None] * left
    return masked, retried / retried.sum()
