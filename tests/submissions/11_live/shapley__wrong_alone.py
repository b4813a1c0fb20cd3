# marks: 0  mistake: alone
def shapley(value):
    n = len(value).bit_length() - 1
    return np.array([value[1 << i] - value[0] for i in range(n)])
