# marks: 0.0  mistake: lists
def polyak(online, target, tau):
    return tau * online + (1 - tau) * target
