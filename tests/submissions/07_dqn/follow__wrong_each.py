# marks: 0.0  mistake: each_step
def follow(online, every, tau):
    target = np.empty(online.shape)
    target[0] = online[0]
    for k in range(1, len(online)):
        target[k] = target[k - 1]
        if True:
            target[k] = tau * online[k] + (1 - tau) * target[k - 1]
    return target
