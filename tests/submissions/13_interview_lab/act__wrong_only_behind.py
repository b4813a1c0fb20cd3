# marks: 0  mistake: unfinished
def act(seen, desk):
    left, now = seen["shares_left"].to_numpy(), seen["decision"].to_numpy()
    slice_ = np.where(left > 0, left / seen["left"].clip(lower=1e-9), 0) / 60
    return np.stack([0 * left, 0 * left, np.minimum(slice_, left)], axis=1)
