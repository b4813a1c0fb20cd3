# marks: 0  mistake: from_zero
def shapley(value):
    n = len(value).bit_length() - 1
    return np.array([value[1 << i] for i in range(n)])
