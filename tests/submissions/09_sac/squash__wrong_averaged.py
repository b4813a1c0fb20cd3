# marks: 1.0  mistake: averaged
@plain
def squash(mean, log_std, noise):
    u = mean + log_std.exp() * noise
    log_u = torch.distributions.Normal(mean, log_std.exp()).log_prob(u)
    slope = 2 * (math.log(2) - u - torch.nn.functional.softplus(-2 * u))
    return torch.tanh(u), (log_u - slope).mean(-1)
