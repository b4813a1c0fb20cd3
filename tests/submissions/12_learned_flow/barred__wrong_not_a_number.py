# marks: 3  mistake: not_a_number
def barred(first, second, allowed):
    left = second * allowed
    chance = left.sum(axis=1)
    start = np.where(chance > 0, first, 0)
    both = first[:, None] * left
    return (start / start.sum())[:, None] * left / chance[:, None], both / both.sum()
