# marks: 4.0
def block_trades(quantity, horizon, resilience, periods):
    # equal marginal cost: the exponential kernel's matrix, solved
    times = np.linspace(0, horizon, periods + 1)
    if resilience == 0:
        out = np.zeros(periods + 1)
        out[0] = out[-1] = quantity / 2
        return out
    kernel = np.exp(-resilience * abs(times[:, None] - times[None, :]))
    raw = np.linalg.solve(kernel, np.ones(periods + 1))
    return quantity * raw / raw.sum()
