# marks: 0.0  mistake: size_change
def event_flow(bid, bid_size, ask, ask_size):
    return np.concatenate([[0.0], np.diff(bid_size) - np.diff(ask_size)])
