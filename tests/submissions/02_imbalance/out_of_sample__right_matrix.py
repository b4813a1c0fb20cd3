# marks: 4.0
def out_of_sample(y, x, n_train, gap):
    design = np.column_stack([np.ones(len(x)), x])
    beta, *_ = np.linalg.lstsq(design[:n_train], y[:n_train], rcond=None)
    late = np.arange(len(y)) >= n_train + gap
    sse = ((y - design @ beta)[late] ** 2).sum()
    return 1 - sse / ((y[late] - np.mean(y[:n_train])) ** 2).sum()
