# marks: 0.0  mistake: truncated_ends
def soft_target(reward, terminated, truncated, next_q, next_log_density, temperature, discount):
    over = terminated | truncated
    value = next_q.min(axis=0) - temperature * next_log_density
    return np.where(over, reward, reward + discount * value)
