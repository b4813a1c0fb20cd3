# marks: 3.0  mistake: bid_first
def next_event(bid, ask, limit, market, cancel, u, v):
    rates = [limit, market + bid * cancel, limit, market + ask * cancel]
    total = sum(rates)
    wait = -np.log(1 - u) / total
    event = int(np.searchsorted(np.cumsum(rates), v * total, side="right"))
    return wait, bid + (1, -1, 0, 0)[event], ask + (0, 0, 1, -1)[event]
