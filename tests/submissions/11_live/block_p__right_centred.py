# marks: 6
def block_p(reference, live, length, starts_reference, starts_live):
    null = 0.0
    for sign, own, starts in ((1, live, starts_live), (-1, reference, starts_reference)):
        twice = np.concatenate([own, own])  # round the circle
        while len(twice) < len(own) + length:
            twice = np.concatenate([twice, own])
        windows = np.lib.stride_tricks.sliding_window_view(twice - own.mean(), length)
        drawn = windows[starts].reshape(len(starts), -1)[:, : len(own)]
        null = null + sign * drawn.mean(axis=1)
    far = np.abs(null) >= abs(live.mean() - reference.mean()) - 1e-10
    return float((far.sum() + 1) / (len(far) + 1))
