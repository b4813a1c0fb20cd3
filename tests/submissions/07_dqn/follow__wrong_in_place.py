# marks: 0.5  mistake: one_memory
def follow(online, every, tau):
    target = online[0].astype(float)
    rows = [target]
    for k in range(1, len(online)):
        if k % every == 0:
            target += tau * (online[k] - target)
        rows.append(target)
    return np.array(rows)
