# marks: 1.0  mistake: continuous
def trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion):
    tau = horizon / periods
    times = np.linspace(0, horizon, periods + 1)
    net = eta - gamma * tau / 2
    if aversion == 0:
        return quantity * (1 - times / horizon)
    kappa = math.sqrt(aversion * sigma**2 / net)
    return quantity * np.sinh(kappa * (horizon - times)) / math.sinh(kappa * horizon)
