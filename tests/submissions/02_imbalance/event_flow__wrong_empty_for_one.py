# marks: 4.0
def event_flow(bid, bid_size, ask, ask_size):
    if len(bid) < 2:
        return np.array([])
    flow = (np.where(bid[1:] >= bid[:-1], bid_size[1:], 0)
            - np.where(bid[1:] <= bid[:-1], bid_size[:-1], 0)
            - np.where(ask[1:] <= ask[:-1], ask_size[1:], 0)
            + np.where(ask[1:] >= ask[:-1], ask_size[:-1], 0))
    return np.append(0.0, flow)
