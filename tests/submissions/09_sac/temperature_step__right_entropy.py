# marks: 3.0
def temperature_step(log_temperature, log_density, target_entropy, rate):
    entropy = -np.mean(log_density)
    loss = log_temperature * (entropy - target_entropy)
    return float(loss), math.exp(log_temperature) * math.exp(rate * (target_entropy - entropy))
