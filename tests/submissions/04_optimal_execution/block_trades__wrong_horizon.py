# marks: 1.0  mistake: whole_horizon
def block_trades(quantity, horizon, resilience, periods):
    refilled = 1 - math.exp(-resilience * horizon)
    block = quantity / (2 + (periods - 1) * refilled)
    trades = np.full(periods + 1, block * refilled)
    trades[0] = trades[-1] = block
    return trades
