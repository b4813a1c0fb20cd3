# marks: 0.5  mistake: even
def block_trades(quantity, horizon, resilience, periods):
    return np.full(periods + 1, quantity / (periods + 1))
