# marks: 0.3333  mistake: unrounded
def slices(quantity, weights):
    return quantity * weights / weights.sum()
