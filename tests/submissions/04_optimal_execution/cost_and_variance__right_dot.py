# marks: 5.0
def cost_and_variance(holdings, tau, sigma, eta, gamma, epsilon):
    n = holdings[:-1] - holdings[1:]
    x = holdings[1:]
    paid = gamma * (x @ n) + epsilon * abs(n).sum() + eta * (n @ n) / tau
    return paid, sigma * sigma * tau * (x @ x)
