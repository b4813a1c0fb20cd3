# marks: 0  mistake: the_same
def barred(first, second, allowed):
    both = first[:, None] * second * allowed
    return both / both.sum(), both / both.sum()
