# marks: 0.0  mistake: correlation
def out_of_sample(y, x, n_train, gap):
    return np.corrcoef(x[n_train + gap :], y[n_train + gap :])[0, 1] ** 2
