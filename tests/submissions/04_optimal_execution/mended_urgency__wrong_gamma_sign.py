# marks: 1.0  mistake: gamma_added
def mended_urgency(volatility_year, price, eta, gamma, aversion, tau):
    sigma = volatility_year * price / math.sqrt(250)
    net = eta + gamma * tau / 2
    kappa = math.acosh(1 + aversion * sigma**2 / net * tau**2 / 2) / tau
    return kappa, 1 / kappa if kappa > 0 else math.inf
