# marks: 5.0
@plain
def squash(mean, log_std, noise):
    std = torch.exp(log_std)
    u = mean + std * noise
    a = torch.tanh(u)
    log_u = -((u - mean) ** 2) / (2 * std**2) - torch.log(std) - math.log(math.sqrt(2 * math.pi))
    return a, (log_u - torch.log(1 - a**2 + 1e-6)).sum(dim=1)
