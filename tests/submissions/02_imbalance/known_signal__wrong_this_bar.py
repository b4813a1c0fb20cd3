# marks: 0.0  mistake: this_bar
def known_signal(flow):
    signal = np.full(len(flow), np.nan)
    for k in range(2, len(flow)):
        if flow[:k].std() > 0:
            signal[k] = (flow[k] - flow[:k].mean()) / flow[:k].std()
    return signal
