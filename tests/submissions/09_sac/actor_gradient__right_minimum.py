# marks: 5.0
def actor_loss(mean, log_std, noise, critics, temperature):
    action, density = draw(mean, log_std, noise)
    first, second = critics(action)
    return torch.mean(temperature * density) - torch.minimum(first, second).mean()


def actor_gradient(mean, log_std, noise, peak, curvature, temperature):
    """Loss and gradients for two parabolas; leave this function as it is."""
    return gradients_of(actor_loss, mean, log_std, noise, peak, curvature, temperature)
