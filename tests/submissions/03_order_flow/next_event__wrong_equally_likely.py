# marks: 0.0  mistake: equally_likely
def next_event(bid, ask, limit, market, cancel, u, v):
    event = int(4 * v)
    wait = -np.log(1 - u) / (2 * limit + 2 * market + (bid + ask) * cancel)
    return wait, bid + (1, 0, -1, 0)[event], ask + (0, 1, 0, -1)[event]
