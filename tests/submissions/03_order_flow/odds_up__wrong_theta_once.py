# marks: 1.0  mistake: theta_once
def odds_up(longest, limit, market, cancel):
    n = longest
    equations, right = np.eye(n * n), np.zeros(n * n)
    for b in range(1, n + 1):
        for a in range(1, n + 1):
            row = (b - 1) * n + a - 1
            moves = [(b + 1, a, limit if b < n else 0), (b, a + 1, limit if a < n else 0),
                     (b - 1, a, market + cancel), (b, a - 1, market + cancel)]
            total = sum(rate for _, _, rate in moves)
            for to_b, to_a, rate in moves:
                if to_b == 0:
                    continue
                if to_a == 0:
                    right[row] += rate / total
                elif rate > 0:
                    equations[row, (to_b - 1) * n + to_a - 1] -= rate / total
    return np.linalg.solve(equations, right).reshape(n, n)
