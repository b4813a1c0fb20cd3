# marks: 0.0  mistake: exponential
def run_path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    model = AvellanedaStoikov(gamma, sigma, k)
    dt = horizon / len(moves)
    q, cash, s = 0, 0.0, 100.0
    for n in range(len(moves)):
        bid, ask = model.depths(q, horizon - n * dt)
        p_bid = 1 - np.exp(-intensity * np.exp(-k * bid) * dt)
        p_ask = 1 - np.exp(-intensity * np.exp(-k * ask) * dt)
        change = 0
        if u_bid[n] < p_bid:
            cash -= s - bid
            change += 1
        if u_ask[n] < p_ask:
            cash += s + ask
            change -= 1
        q += change
        s += moves[n]
    return cash + q * s, q
