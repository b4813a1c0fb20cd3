# marks: 1.0  mistake: same_time
def shaped_cost(chance, cost, potential, discount):
    K, A, S = cost.shape
    out = np.zeros((K, A, S))
    for k in range(K):
        after = potential[k] if k + 1 < K else np.zeros(S)
        for a in range(A):
            out[k, a] = cost[k, a] + discount * chance[a] @ after - potential[k]
    return out
