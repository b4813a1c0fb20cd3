# marks: 5.0
def event_flow(bid, bid_size, ask, ask_size):
    flow = [0.0]
    for n in range(1, len(bid)):
        e = 0.0
        if bid[n] > bid[n - 1]:
            e += bid_size[n]
        elif bid[n] < bid[n - 1]:
            e -= bid_size[n - 1]
        else:
            e += bid_size[n] - bid_size[n - 1]
        if ask[n] < ask[n - 1]:
            e -= ask_size[n]
        elif ask[n] > ask[n - 1]:
            e += ask_size[n - 1]
        else:
            e -= ask_size[n] - ask_size[n - 1]
        flow.append(e)
    return flow
