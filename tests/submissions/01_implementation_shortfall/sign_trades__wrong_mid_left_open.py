# marks: 0.75  mistake: midpoint_left_open
def sign_trades(prices, bid, ask):
    distance = prices - (bid + ask) / 2
    return np.where(np.abs(distance) < 1e-9, 0, np.sign(distance)).astype(int)
