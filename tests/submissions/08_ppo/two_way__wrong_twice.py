# marks: 0.0  mistake: twice
def two_way(cost, benchmark):
    d = cost - benchmark
    S, E = d.shape
    row, column, mean = d.mean(axis=1), d.mean(axis=0), d.mean()
    v_s = np.sum((row - mean) ** 2) / (S - 1) / S
    v_e = np.sum((column - mean) ** 2) / (E - 1) / E
    left = d - row.reshape(-1, 1) - column.reshape(1, -1) + mean
    v_se = np.sum(left**2) / ((S - 1) * (E - 1)) / (S * E)
    v = max(v_s + v_e, v_e)
    nu = max(v**2 / (v_s**2 / (S - 1) + v_e**2 / (E - 1)), S - 1)
    return mean, stdtrit(nu, 0.975) * np.sqrt(v)
