# marks: 0.75  mistake: one_step_back_only
def sign_trades(prices, bid, ask):
    distance = np.round(prices - (bid + ask) / 2, 9)
    tick = np.sign(np.round(np.diff(prices, prepend=prices[0]), 9))
    return np.where(distance == 0, tick, np.sign(distance)).astype(int)
