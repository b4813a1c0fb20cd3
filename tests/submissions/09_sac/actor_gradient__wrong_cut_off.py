# marks: 0.0  mistake: cut_off
def actor_loss(mean, log_std, noise, critics, temperature):
    action, density = draw(mean, log_std, noise)
    with torch.no_grad():
        values = critics(action).min(dim=0).values
    return (temperature * density - values).mean()


def actor_gradient(mean, log_std, noise, peak, curvature, temperature):
    """Loss and gradients for two parabolas; leave this function as it is."""
    return gradients_of(actor_loss, mean, log_std, noise, peak, curvature, temperature)
