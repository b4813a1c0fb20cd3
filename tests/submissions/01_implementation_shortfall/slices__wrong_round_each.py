# marks: 0.5  mistake: rounds_each_slice
def slices(quantity, weights):
    return np.rint(quantity * np.asarray(weights) / np.sum(weights)).astype(int)
