# marks: 3  mistake: unfinished
def act(seen, desk):
    now, left = seen["decision"].to_numpy(), seen["shares_left"].to_numpy()
    last = now >= 59
    take = 0 * left
    rest, better = left, np.where(last, 0, -4)
    return np.stack([np.where(last, left, take), better * np.ones(len(left)),
                     np.where(last, 0, rest)], axis=1)
