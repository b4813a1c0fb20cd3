# marks: 4.0  mistake: unseen_is_free
def backward_q(left, action, cost, next_left, leftover_cost, steps, actions):
    X = len(leftover_cost) - 1
    Q = np.zeros((steps, X + 1, actions))
    V = np.array(leftover_cost, dtype=float)
    for k in range(steps - 1, -1, -1):
        target = cost + np.interp(next_left, np.arange(X + 1), V)
        for x in range(1, X + 1):
            for a in range(actions):
                rows = (left == x) & (action == a)
                if rows.any():
                    Q[k, x, a] = target[rows].mean()
        Q[k, 0] = 0.0
        V = Q[k].min(axis=1)
    return Q
