# marks: 6.0
def micro_adjustment(bucket, move, n, terms):
    q, t, r, seen = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n), np.zeros(n)
    for x, y, m in zip(bucket[:-1], bucket[1:], move):
        for a, b, d in ((x, y, m), (n - 1 - x, n - 1 - y, -m)):
            seen[a] += 1
            r[a] += d
            if d == 0:
                q[a, b] += 1
            else:
                t[a, b] += 1
    q, t, r = q / seen[:, None], t / seen[:, None], r / seen
    inverse = np.linalg.inv(np.eye(n) - q)
    g1, b = inverse @ r, inverse @ t
    return sum(np.linalg.matrix_power(b, i) @ g1 for i in range(terms))
