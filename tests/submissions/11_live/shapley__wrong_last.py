# marks: 0  mistake: last
def shapley(value):
    n = len(value).bit_length() - 1
    return np.array([value[-1] - value[len(value) - 1 - (1 << i)] for i in range(n)])
