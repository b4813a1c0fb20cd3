# marks: 5.0
@plain
def squash(mean, log_std, noise):
    normal = torch.distributions.Normal(mean, log_std.exp())
    u = normal.mean + normal.stddev * noise
    log_u = normal.log_prob(u)
    correction = 2 * (math.log(2) - u - torch.nn.functional.softplus(-2 * u))
    total = torch.zeros(u.shape[0], dtype=u.dtype)
    for j in range(u.shape[1]):
        total = total + log_u[:, j] - correction[:, j]
    return u.tanh(), total
