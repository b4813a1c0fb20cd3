# marks: 0.0  mistake: at_action
@plain
def squash(mean, log_std, noise):
    normal = torch.distributions.Normal(mean, log_std.exp())
    action = torch.tanh(mean + log_std.exp() * noise)
    return action, (normal.log_prob(action) - torch.log(1 - action**2 + 1e-6)).sum(dim=-1)
