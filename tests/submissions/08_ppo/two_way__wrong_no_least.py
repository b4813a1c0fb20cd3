# marks: 4.0  mistake: no_least
def two_way(cost, benchmark):
    gap = cost - benchmark
    S, E = gap.shape
    rows, columns = gap.mean(axis=1), gap.mean(axis=0)
    rest = gap - rows[:, None] - columns + gap.mean()
    v_s, v_e = rows.var(ddof=1) / S, columns.var(ddof=1) / E
    v = max(v_s + v_e - (rest**2).sum() / ((S - 1) * (E - 1) * S * E), v_e)
    nu = v**2 / (v_s**2 / (S - 1) + v_e**2 / (E - 1))
    return gap.mean(), stdtrit(nu, 0.975) * np.sqrt(v)
