# marks: 4.0
def soft_target(reward, terminated, truncated, next_q, next_log_density, temperature, discount):
    value = np.minimum(next_q[0], next_q[1]) + temperature * (-next_log_density)
    return reward + (1 - terminated.astype(float)) * discount * value
