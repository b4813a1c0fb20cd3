# marks: 0.5  mistake: turned_tau
def follow(online, every, tau):
    target = np.empty(online.shape)
    target[0] = online[0]
    for k in range(1, len(online)):
        target[k] = target[k - 1]
        if k % every == 0:
            target[k] = (1 - tau) * online[k] + tau * target[k - 1]
    return target
