# marks: 3.0
def known_signal(flow):
    signal = [np.nan, np.nan]
    for k in range(2, len(flow)):
        spread = flow[:k].std()
        signal.append((flow[k - 1] - flow[:k].mean()) / spread if spread > 0 else np.nan)
    return np.array(signal)
