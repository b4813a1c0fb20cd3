# marks: 1.0  mistake: sum
def actor_loss(mean, log_std, noise, critics, temperature):
    action, density = draw(mean, log_std, noise)
    return (temperature * density - critics(action).min(dim=0).values).sum()


def actor_gradient(mean, log_std, noise, peak, curvature, temperature):
    """Loss and gradients for two parabolas; leave this function as it is."""
    return gradients_of(actor_loss, mean, log_std, noise, peak, curvature, temperature)
