# marks: 0.5  mistake: theta_once
def next_event(bid, ask, limit, market, cancel, u, v):
    rates = [limit, limit, market + cancel, market + cancel]
    event = int(np.searchsorted(np.cumsum(rates), v * sum(rates), side="right"))
    wait = -np.log(1 - u) / sum(rates)
    return wait, bid + (1, 0, -1, 0)[event], ask + (0, 1, 0, -1)[event]
