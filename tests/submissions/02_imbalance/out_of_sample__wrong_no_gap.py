# marks: 2.0  mistake: no_gap
def out_of_sample(y, x, n_train, gap):
    slope, level = np.polyfit(x[:n_train], y[:n_train], 1)
    u, v = x[n_train:], y[n_train:]
    return 1 - np.sum((v - level - slope * u) ** 2) / np.sum((v - y[:n_train].mean()) ** 2)
