# marks: 4.0
def mended_urgency(volatility_year, price, eta, gamma, aversion, tau):
    variance = (volatility_year * price) ** 2 / 250
    root = math.sqrt(aversion * variance / (eta - 0.5 * gamma * tau))
    kappa = 2 * math.asinh(root * tau / 2) / tau
    if kappa == 0:
        return 0.0, float("inf")
    return kappa, 1 / kappa
