# marks: 4.0  mistake: last_of_equals
def backward_induction(chance, cost, final_cost, discount):
    """Smallest expected costs (K + 1, S) and best actions (K, S)."""
    steps, _, states = cost.shape
    values = np.zeros((steps + 1, states))
    actions = np.zeros((steps, states), dtype=int)
    values[-1] = final_cost
    for k in reversed(range(steps)):
        total = cost[k] + discount * (chance @ values[k + 1])
        actions[k] = len(total) - 1 - total[::-1].argmin(axis=0)
        values[k] = total.min(axis=0)
    return values, actions
