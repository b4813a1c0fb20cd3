# marks: 0.5  mistake: kept_for_refilled
def block_trades(quantity, horizon, resilience, periods):
    refilled = math.exp(-resilience * horizon / periods)
    block = quantity / (2 + (periods - 1) * refilled)
    trades = np.full(periods + 1, block * refilled)
    trades[0] = trades[-1] = block
    return trades
