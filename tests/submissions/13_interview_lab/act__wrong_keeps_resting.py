# marks: 8  mistake: keeps_resting
def act(seen, desk):
    left = seen["shares_left"].to_numpy()
    return np.stack([0 * left, 0 * left, left], axis=1)
