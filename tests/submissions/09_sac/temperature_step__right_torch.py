# marks: 3.0
def temperature_step(log_temperature, log_density, target_entropy, rate):
    own = torch.tensor(float(log_temperature), dtype=torch.float64, requires_grad=True)
    loss = -(own * (torch.as_tensor(np.asarray(log_density)) + target_entropy)).mean()
    loss.backward()
    return loss.item(), float(np.exp(log_temperature - rate * own.grad.item()))
