# marks: 0.0  mistake: multiplied
@plain
def squash(mean, log_std, noise):
    u = mean + log_std.exp() * noise
    a = torch.tanh(u)
    log_u = torch.distributions.Normal(mean, log_std.exp()).log_prob(u)
    return a, (log_u + torch.log(1 - a**2 + 1e-6)).sum(-1)
