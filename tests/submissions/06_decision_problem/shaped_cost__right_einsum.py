# marks: 4.0
def shaped_cost(chance, cost, potential, discount):
    phi = np.array(potential, dtype=float)
    phi[-1] = 0.0
    ahead = np.einsum("ast,kt->kas", chance, phi[1:])
    return cost + discount * ahead - phi[:-1, None, :]
