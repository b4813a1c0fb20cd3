# marks: 4.0
def next_event(bid, ask, limit, market, cancel, u, v):
    leave_bid, leave_ask = market + cancel * bid, market + cancel * ask
    total = 2 * limit + leave_bid + leave_ask
    wait = np.log(1 / (1 - u)) / total
    left = v * total
    for rate, d_bid, d_ask in ((limit, 1, 0), (limit, 0, 1), (leave_bid, -1, 0),
                               (leave_ask, 0, -1)):
        if left < rate:
            break
        left -= rate
    return wait, bid + d_bid, ask + d_ask
