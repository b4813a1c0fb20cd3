# marks: 0  mistake: not_normalised
def barred(first, second, allowed):
    both = first[:, None] * second * allowed
    return both, both
