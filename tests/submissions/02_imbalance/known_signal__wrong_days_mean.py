# marks: 0.0  mistake: days_mean
def known_signal(flow):
    signal = np.full(len(flow), np.nan)
    if len(flow) > 2:
        signal[2:] = (flow[1:-1] - flow.mean()) / flow.std()
    return signal
