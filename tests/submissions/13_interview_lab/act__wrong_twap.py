# marks: 4  mistake: crosses
def act(seen, desk):
    now, left = seen["decision"].to_numpy(), seen["shares_left"].to_numpy()
    last = now >= 59
    take = np.where(now % 3 == 0, left / np.ceil((60 - now) / 3), 0)
    rest, better = 0 * left, 0
    return np.stack([np.where(last, left, take), better * np.ones(len(left)),
                     np.where(last, 0, rest)], axis=1)
