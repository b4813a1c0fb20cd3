# marks: 0.0  mistake: weights_not_scaled
def slices(quantity, weights):
    return np.diff(np.rint(quantity * np.cumsum(weights)), prepend=0).astype(int)
