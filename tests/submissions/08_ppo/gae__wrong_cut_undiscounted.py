# marks: 2.0  mistake: cut_undiscounted
def gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    found, run = np.zeros(rewards.shape), np.zeros(rewards.shape[1])
    for t in reversed(range(len(rewards))):
        last = t == len(rewards) - 1
        on = 1 - (last_done if last else starts[t + 1])
        ahead = last_values if last else values[t + 1]
        run = rewards[t] + cut_values[t] + gamma * on * ahead - values[t] + gamma * lam * on * run
        found[t] = run
    return found, found + values
