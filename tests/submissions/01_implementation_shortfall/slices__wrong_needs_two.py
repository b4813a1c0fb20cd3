# marks: 3.75
def slices(quantity, weights):
    inner = np.rint(quantity * np.cumsum(weights)[:-1] / np.sum(weights)).astype(int)
    return np.array([inner[0], *np.diff(inner), quantity - inner[-1]])
