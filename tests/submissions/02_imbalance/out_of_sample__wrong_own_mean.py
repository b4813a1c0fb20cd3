# marks: 0.0  mistake: own_mean
def out_of_sample(y, x, n_train, gap):
    slope, level = np.polyfit(x[:n_train], y[:n_train], 1)
    u, v = x[n_train + gap :], y[n_train + gap :]
    return 1 - np.sum((v - level - slope * u) ** 2) / np.sum((v - v.mean()) ** 2)
