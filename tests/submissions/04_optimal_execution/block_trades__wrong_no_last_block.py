# marks: 0.0  mistake: no_last_block
def block_trades(quantity, horizon, resilience, periods):
    refilled = 1 - math.exp(-resilience * horizon / periods)
    first = quantity / (1 + periods * refilled)
    return np.append(first, np.full(periods, first * refilled))
