# marks: 5.0
def trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion):
    tau = horizon / periods
    c = aversion * sigma**2 * tau**2 / (eta - gamma * tau / 2)
    if c == 0:
        return [quantity * (periods - k) / periods for k in range(periods + 1)]
    root = 1 + c / 2 + ((1 + c / 2) ** 2 - 1) ** 0.5
    left = [root ** (periods - k) - root ** (k - periods) for k in range(periods + 1)]
    return [quantity * one / left[0] for one in left]
