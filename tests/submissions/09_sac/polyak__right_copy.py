# marks: 2.0
def polyak(online, target, tau):
    moved = [np.array(array, dtype=float) for array in target]
    for slow, fast in zip(moved, online):
        slow *= 1 - tau
        slow += tau * fast
    return moved
