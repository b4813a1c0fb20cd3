# marks: 1.0  mistake: myopic
def backward_induction(chance, cost, final_cost, discount):
    K, A, S = cost.shape
    V, best = np.zeros((K + 1, S)), np.zeros((K, S), dtype=int)
    V[K] = final_cost
    for k in range(K - 1, -1, -1):
        best[k] = cost[k].argmin(axis=0)
        for s in range(S):
            a = best[k, s]
            V[k, s] = cost[k, a, s] + discount * chance[a, s] @ V[k + 1]
    return V, best
