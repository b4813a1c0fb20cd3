# marks: 4.0
def soft_target(reward, terminated, truncated, next_q, next_log_density, temperature, discount):
    targets = []
    for i in range(len(reward)):
        if terminated[i]:
            targets.append(reward[i])
        else:
            value = min(next_q[0][i], next_q[1][i]) - temperature * next_log_density[i]
            targets.append(reward[i] + discount * value)
    return np.array(targets, dtype=float)
