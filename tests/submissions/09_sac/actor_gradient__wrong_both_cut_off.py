# marks: 0.0  mistake: both_cut_off
def actor_loss(mean, log_std, noise, critics, temperature):
    with torch.no_grad():
        action, density = draw(mean, log_std, noise)
    return (temperature * density - critics(action).min(dim=0).values).mean()


def actor_gradient(mean, log_std, noise, peak, curvature, temperature):
    return gradients_of(actor_loss, mean, log_std, noise, peak, curvature, temperature)
