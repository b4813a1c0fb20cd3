# marks: 0.5  mistake: rest_in_the_last_slice
def slices(quantity, weights):
    out = np.floor(quantity * np.asarray(weights) / np.sum(weights) + 1e-9).astype(int)
    out[-1] += quantity - out.sum()
    return out
