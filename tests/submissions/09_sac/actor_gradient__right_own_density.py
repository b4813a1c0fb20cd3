# marks: 5.0
def actor_loss(mean, log_std, noise, critics, temperature):
    u = mean + torch.exp(log_std) * noise
    slope = 2 * (math.log(2) - u - torch.nn.functional.softplus(-2 * u))
    density = (-0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi) - slope).sum(dim=-1)
    values = critics(torch.tanh(u))
    return -(values.min(dim=0)[0] - temperature * density).mean()


def actor_gradient(mean, log_std, noise, peak, curvature, temperature):
    """Loss and gradients for two parabolas; leave this function as it is."""
    return gradients_of(actor_loss, mean, log_std, noise, peak, curvature, temperature)
