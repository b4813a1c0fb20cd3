# marks: 1.0  mistake: own_state
def shaped_cost(chance, cost, potential, discount):
    """Cost with the change of a potential, (K, A, S)."""
    phi = np.array(potential, dtype=float)
    phi[-1] = 0
    return np.array([cost[k] + discount * (phi[k + 1]) - phi[k]
                     for k in range(len(cost))])
