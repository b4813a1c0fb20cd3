# marks: 3.0
def follow(online, every, tau):
    now, kept = online[0], [online[0]]
    for k, row in enumerate(online[1:], start=1):
        if not k % every:
            now = now + tau * (row - now)
        kept.append(now)
    return np.stack(kept)
