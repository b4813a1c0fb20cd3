# marks: 0.0  mistake: copied
def polyak(online, target, tau):
    return [np.array(a) for a in online]
