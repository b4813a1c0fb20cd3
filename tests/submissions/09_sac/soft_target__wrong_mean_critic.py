# marks: 0.0  mistake: mean_critic
def soft_target(reward, terminated, truncated, next_q, next_log_density, temperature, discount):
    value = next_q.mean(axis=0) - temperature * next_log_density
    return reward + (1 - terminated.astype(float)) * discount * value
