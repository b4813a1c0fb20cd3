# marks: 0.0  mistake: target_sign
def temperature_step(log_temperature, log_density, target_entropy, rate):
    gap = np.mean(log_density) - target_entropy
    return -log_temperature * gap, math.exp(log_temperature + rate * gap)
