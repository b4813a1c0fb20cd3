# marks: 0  mistake: one_order
def shapley(value):
    n = len(value).bit_length() - 1
    steps = np.array([value[(1 << i) - 1] for i in range(n + 1)])
    return np.diff(steps)
