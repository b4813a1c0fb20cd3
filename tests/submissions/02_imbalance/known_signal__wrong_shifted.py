# marks: 0.0  mistake: shifted
def known_signal(flow):
    signal = (flow - flow.mean()) / flow.std()
    return np.concatenate([[np.nan], signal[:-1]])
