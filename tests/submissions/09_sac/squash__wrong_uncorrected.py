# marks: 0.0  mistake: uncorrected
@plain
def squash(mean, log_std, noise):
    u = mean + log_std.exp() * noise
    return torch.tanh(u), torch.distributions.Normal(mean, log_std.exp()).log_prob(u).sum(-1)
