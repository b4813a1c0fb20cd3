# marks: 1  mistake: banzhaf
def shapley(value):
    n = len(value).bit_length() - 1
    off = [[m for m in range(len(value)) if not m >> i & 1] for i in range(n)]
    return np.array([np.mean([value[m | 1 << i] - value[m] for m in off[i]]) for i in range(n)])
