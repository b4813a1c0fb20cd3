# marks: 0.0  mistake: fall_positive
def event_flow(bid, bid_size, ask, ask_size):
    flow = np.zeros(len(bid))
    for n in range(1, len(bid)):
        flow[n] += bid_size[n] * (bid[n] >= bid[n - 1])
        flow[n] += bid_size[n - 1] * (1 if bid[n] < bid[n - 1] else -float(bid[n] == bid[n - 1]))
        flow[n] -= ask_size[n] * (ask[n] <= ask[n - 1])
        flow[n] += ask_size[n - 1] * (ask[n] >= ask[n - 1])
    return flow
