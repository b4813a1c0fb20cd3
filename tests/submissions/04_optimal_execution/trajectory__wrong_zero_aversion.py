# marks: 4.5
def trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion):
    tau = horizon / periods
    times = np.linspace(0, horizon, periods + 1)
    net = eta - gamma * tau / 2
    kappa = math.acosh(1 + aversion * sigma**2 / net * tau**2 / 2) / tau
    return quantity * np.sinh(kappa * (horizon - times)) / math.sinh(kappa * horizon)
