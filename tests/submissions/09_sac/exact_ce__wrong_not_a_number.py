# marks: 0.0  mistake: not_a_number
def exact_ce(bid, ask, intensity, decay, move, step, gamma):
    middle = bid.shape[1] // 2
    worth = np.ones(bid.shape[1])
    for near, far in zip(bid[::-1], ask[::-1]):
        moved = worth * np.cosh(gamma * move * np.arange(-middle, middle + 1))
        worth = np.zeros(len(moved))
        for b in (0, 1):
            for s in (0, 1):
                p = np.minimum(1, intensity * step * np.exp(-decay * near))
                r = np.minimum(1, intensity * step * np.exp(-decay * far))
                chance = (p if b else 1 - p) * (r if s else 1 - r)
                worth += chance * np.exp(-gamma * (b * near + s * far)) * np.roll(moved, s - b)
    return -np.log(worth[middle]) / gamma
