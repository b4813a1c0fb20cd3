# marks: 0.25  mistake: unrounded
def slices(quantity, weights):
    return quantity * weights / weights.sum()
