# marks: 0.0  mistake: logarithm
def temperature_step(log_temperature, log_density, target_entropy, rate):
    gap = np.mean(log_density) + target_entropy
    return -log_temperature * gap, log_temperature + rate * gap
