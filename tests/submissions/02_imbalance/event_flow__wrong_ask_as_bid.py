# marks: 0.0  mistake: ask_as_bid
def event_flow(bid, bid_size, ask, ask_size):
    flow = np.zeros(len(bid))
    flow[1:] = (np.where(bid[1:] >= bid[:-1], bid_size[1:], 0)
                - np.where(bid[1:] <= bid[:-1], bid_size[:-1], 0)
                + np.where(ask[1:] <= ask[:-1], ask_size[1:], 0)
                - np.where(ask[1:] >= ask[:-1], ask_size[:-1], 0))
    return flow
