# marks: 4.0
def slices(quantity, weights):
    edges = np.concatenate([[0], np.cumsum(weights)]) / np.sum(weights)
    return np.diff(np.rint(quantity * edges)).astype(int)
