# marks: 9  mistake: dearer
def act(seen, desk):
    now, left = seen["decision"].to_numpy(), seen["shares_left"].to_numpy()
    inside = np.where((seen["spread"] > 0.3) & (now < 59), 1, 0)
    return np.stack([np.where(now >= 59, left, np.where(now >= 57, left / 3, 0)), inside,
                     np.where(now >= 59, 0, left)], axis=1)
