# marks: 0.0  mistake: added_to_temperature
def temperature_step(log_temperature, log_density, target_entropy, rate):
    gap = np.mean(log_density) + target_entropy
    return -log_temperature * gap, np.exp(log_temperature) + rate * gap
