# marks: 12
def act(seen, desk):
    now, left = seen["decision"].to_numpy(), seen["shares_left"].to_numpy()
    last = now >= 59
    order = np.where(left > 0, left / seen["left"].clip(lower=1e-9), 0)
    done = order - left
    take = np.clip(order * (now - 6) / 60 - done, 0, left)
    take = np.where(now >= 57, np.maximum(take, left / np.maximum(60 - now, 1)), take)
    rest = np.clip(order * (now + 7).clip(max=60) / 60 - done - take, 0, left)
    better = np.where(last, 0, 0)
    return np.stack([np.where(last, left, take), better * np.ones(len(left)),
                     np.where(last, 0, rest)], axis=1)
