# marks: 0.0  mistake: own_rate
def next_event(bid, ask, limit, market, cancel, u, v):
    rates = [limit, limit, market + bid * cancel, market + ask * cancel]
    event = int(np.searchsorted(np.cumsum(rates), v * sum(rates), side="right"))
    wait = -np.log(1 - u) / rates[event]
    return wait, bid + (1, 0, -1, 0)[event], ask + (0, 1, 0, -1)[event]
