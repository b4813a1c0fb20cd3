# marks: 4.0  mistake: unseen_is_unknown
def backward_q(left, action, cost, next_left, leftover_cost, steps, actions):
    """Mean cost to go of each action, (steps, X + 1, actions)."""
    size = len(leftover_cost)
    q = np.full((steps, size, actions), np.inf)
    value = np.array(leftover_cost, dtype=float)
    for k in reversed(range(steps)):
        target = cost + np.interp(next_left, np.arange(size), value)
        for x in range(1, size):
            for a in range(actions):
                rows = (left == x) & (action == a)
                if rows.any():
                    q[k, x, a] = target[rows].mean()
        q[k, 0] = 0
        value = q[k].min(axis=1)
    q[np.isinf(q)] = np.nan
    return q
