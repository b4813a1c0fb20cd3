# marks: 1.0  mistake: entropy_survives
def soft_target(reward, terminated, truncated, next_q, next_log_density, temperature, discount):
    ahead = (1 - terminated) * next_q.min(axis=0)
    return reward + discount * (ahead - temperature * next_log_density)
