# marks: 5.0
def event_flow(bid, bid_size, ask, ask_size):
    up, down = np.sign(np.diff(bid)), np.sign(np.diff(ask))
    bid_part = (up >= 0) * bid_size[1:] - (up <= 0) * bid_size[:-1]
    ask_part = (down <= 0) * ask_size[1:] - (down >= 0) * ask_size[:-1]
    return np.concatenate([[0.0], bid_part - ask_part])
