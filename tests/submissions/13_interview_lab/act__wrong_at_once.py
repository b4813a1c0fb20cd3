# marks: 4  mistake: crosses
def act(seen, desk):
    left = seen["shares_left"].to_numpy()
    return np.stack([left, 0 * left, 0 * left], axis=1)
