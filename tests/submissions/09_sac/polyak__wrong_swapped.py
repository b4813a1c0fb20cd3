# marks: 0.0  mistake: swapped
def polyak(online, target, tau):
    return [(1 - tau) * a + tau * b for a, b in zip(online, target)]
