# marks: 4.0
def out_of_sample(y, x, n_train, gap):
    xs, ys = x[:n_train], y[:n_train]
    slope = ((xs - xs.mean()) * (ys - ys.mean())).sum() / ((xs - xs.mean()) ** 2).sum()
    a = ys.mean() - slope * xs.mean()
    u, v = x[n_train + gap :], y[n_train + gap :]
    return 1.0 - np.mean((v - a - slope * u) ** 2) / np.mean((v - ys.mean()) ** 2)
