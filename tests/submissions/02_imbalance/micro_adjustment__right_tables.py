# marks: 6.0
def micro_adjustment(bucket, move, n, terms):
    steps = pd.DataFrame({"x": bucket[:-1], "y": bucket[1:], "m": move})
    steps = pd.concat([steps, pd.DataFrame({"x": n - 1 - steps.x, "y": n - 1 - steps.y,
                                            "m": -steps.m})])
    every = range(n)
    def share(rows):
        table = pd.crosstab(rows.x, rows.y).reindex(index=every, columns=every, fill_value=0)
        return table.to_numpy() / steps.groupby("x").size().reindex(every).to_numpy()[:, None]
    q, t = share(steps[steps.m == 0]), share(steps[steps.m != 0])
    g = g1 = np.linalg.solve(np.eye(n) - q, steps.groupby("x")["m"].mean().reindex(every))
    for _ in range(terms - 1):
        g = g1 + np.linalg.solve(np.eye(n) - q, t @ g)
    return g
