# marks: 6.0
def backward_q(left, action, cost, next_left, leftover_cost, steps, actions):
    units = len(leftover_cost)
    low = np.minimum(np.floor(next_left).astype(int), units - 2)
    part = next_left - low
    value, tables = np.array(leftover_cost, dtype=float), []
    for _ in range(steps):
        rows = pd.DataFrame({"x": left, "a": action,
                             "c": cost + (1 - part) * value[low] + part * value[low + 1]})
        mean = rows.groupby(["x", "a"])["c"].mean().unstack()
        mean = mean.reindex(index=range(units), columns=range(actions)).fillna(np.inf)
        mean.loc[0] = 0.0
        tables.insert(0, mean.to_numpy())
        value = tables[0].min(axis=1)
    return np.array(tables)
