# marks: 4.0
def block_trades(quantity, horizon, resilience, periods):
    a = np.exp(-resilience * horizon / periods)
    shape = [1.0] + [1 - a] * (periods - 1) + [1.0]
    return [quantity * one / sum(shape) for one in shape]
