# marks: 5.0
def backward_induction(chance, cost, final_cost, discount):
    values = [np.asarray(final_cost, float)]
    actions = []
    for now in reversed(list(cost)):
        ahead = np.einsum("ast,t->as", chance, values[-1])
        table = now + discount * ahead
        actions.append(np.argmin(table, axis=0))
        values.append(np.min(table, axis=0))
    return np.stack(values[::-1]), np.stack(actions[::-1])
