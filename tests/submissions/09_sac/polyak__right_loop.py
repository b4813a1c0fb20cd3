# marks: 2.0
def polyak(online, target, tau):
    moved = []
    for k in range(len(target)):
        moved.append(target[k] + tau * (online[k] - target[k]))
    return moved
