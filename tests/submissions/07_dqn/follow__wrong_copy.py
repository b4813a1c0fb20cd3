# marks: 0.5  mistake: always_copy
def follow(online, every, tau):
    target = np.empty(online.shape)
    target[0] = online[0]
    for k in range(1, len(online)):
        target[k] = target[k - 1]
        if k % every == 0:
            target[k] = online[k]
    return target
