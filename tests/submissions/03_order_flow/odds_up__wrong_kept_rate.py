# marks: 0.0  mistake: kept_rate
def odds_up(longest, limit, market, cancel):
    p = np.zeros((longest + 2, longest + 2))
    p[1:, 0] = 1
    for _ in range(3000):
        before = p.copy()
        for b in range(1, longest + 1):
            for a in range(1, longest + 1):
                total = 2 * limit + 2 * market + (a + b) * cancel
                p[b, a] = ((market + b * cancel) * p[b - 1, a]
                           + (market + a * cancel) * p[b, a - 1]) / total
                if b < longest:
                    p[b, a] += limit * p[b + 1, a] / total
                if a < longest:
                    p[b, a] += limit * p[b, a + 1] / total
        if np.abs(p - before).max() < 1e-12:
            break
    return p[1:-1, 1:-1]
