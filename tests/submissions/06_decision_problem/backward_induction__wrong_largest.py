# marks: 0.0  mistake: largest
def backward_induction(chance, cost, final_cost, discount):
    K, A, S = cost.shape
    V = np.zeros((K + 1, S))
    best = np.zeros((K, S), dtype=int)
    V[K] = final_cost
    for k in range(K - 1, -1, -1):
        for s in range(S):
            totals = [cost[k, a, s]
                      + discount * sum(chance[a, s, z] * V[k + 1, z] for z in range(S))
                      for a in range(A)]
            best[k, s] = int(np.argmax(totals))
            V[k, s] = max(totals)
    return V, best
