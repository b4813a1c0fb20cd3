# marks: 5
def barred(first, second, allowed):
    left = np.where(allowed, second, 0.0)
    open_ = left.sum(axis=1) > 0
    masked = np.zeros_like(left)
    start = first[open_] / first[open_].sum()
    masked[open_] = start[:, None] * left[open_] / left[open_].sum(axis=1, keepdims=True)
    both = (first * left.T).T
    return masked, both / both.sum()
