# marks: 6.0
def odds_up(longest, limit, market, cancel):
    n = longest
    p = np.zeros((n + 2, n + 2))
    p[1:, 0] = 1.0
    size = np.arange(1, n + 1)
    join = np.where(size < n, limit, 0.0)
    leave = market + size * cancel
    jb, ja, lb, la = join[:, None], join[None, :], leave[:, None], leave[None, :]
    for _ in range(20000):
        inner = jb * p[2:, 1:-1] + ja * p[1:-1, 2:] + lb * p[:-2, 1:-1] + la * p[1:-1, :-2]
        new = inner / (jb + ja + lb + la)
        if abs(new - p[1:-1, 1:-1]).max() < 1e-13:
            break
        p[1:-1, 1:-1] = new
    return new
