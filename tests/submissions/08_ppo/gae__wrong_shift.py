# marks: 0.0  mistake: shift
def gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    T, N = rewards.shape
    A = np.zeros((T, N))
    for i in range(N):
        run = 0.0
        for t in range(T - 1, -1, -1):
            if t == T - 1:
                more, ahead = 1.0 - starts[t, i], last_values[i]
            else:
                more, ahead = 1.0 - starts[t, i], values[t + 1, i]
            delta = rewards[t, i] + gamma * cut_values[t, i] + gamma * ahead * more - values[t, i]
            run = delta + gamma * lam * more * run
            A[t, i] = run
    return A, A + values
