# marks: 0.0  mistake: entropy_outside
def soft_target(reward, terminated, truncated, next_q, next_log_density, temperature, discount):
    value = next_q.min(axis=0)
    return (reward + (1 - terminated.astype(float)) * discount * value
            - temperature * next_log_density)
