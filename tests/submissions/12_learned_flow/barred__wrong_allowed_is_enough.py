# marks: 3  mistake: allowed_is_enough
def barred(first, second, allowed):
    start = first * allowed.any(axis=1)
    left = second * allowed
    chance = left.sum(axis=1, keepdims=True)
    after = np.divide(left, chance, out=np.zeros_like(left), where=chance > 0)
    both = first[:, None] * left
    return (start / start.sum())[:, None] * after, both / both.sum()
