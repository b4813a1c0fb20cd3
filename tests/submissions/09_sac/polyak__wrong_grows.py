# marks: 0.0  mistake: grows
def polyak(online, target, tau):
    return [b + tau * a for a, b in zip(online, target)]
