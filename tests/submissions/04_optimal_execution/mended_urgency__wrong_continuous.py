# marks: 0.5  mistake: continuous
def mended_urgency(volatility_year, price, eta, gamma, aversion, tau):
    sigma = volatility_year * price / math.sqrt(250)
    net = eta - gamma * tau / 2
    kappa = math.sqrt(aversion / net) * sigma
    return kappa, 1 / kappa if kappa > 0 else math.inf
