# marks: 0.333333  mistake: unrounded
def slices(quantity, weights):
    return quantity * weights / weights.sum()
