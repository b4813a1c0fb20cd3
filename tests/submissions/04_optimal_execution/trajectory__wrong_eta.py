# marks: 1.0  mistake: eta_in_kappa
def trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion):
    tau = horizon / periods
    times = np.linspace(0, horizon, periods + 1)
    net = eta
    if aversion == 0:
        return quantity * (1 - times / horizon)
    kappa = math.acosh(1 + aversion * sigma**2 / net * tau**2 / 2) / tau
    return quantity * np.sinh(kappa * (horizon - times)) / math.sinh(kappa * horizon)
