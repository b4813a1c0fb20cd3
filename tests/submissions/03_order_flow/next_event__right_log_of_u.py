# marks: 4.0
def next_event(bid, ask, limit, market, cancel, u, v):
    rates = np.array([limit, limit, market + bid * cancel, market + ask * cancel])
    event = np.argmax(np.cumsum(rates) > v * rates.sum())
    after = np.array([bid, ask]) + [(1, 0), (0, 1), (-1, 0), (0, -1)][event]
    return -np.log(u) / rates.sum(), int(after[0]), int(after[1])
