# marks: 4.5
def cost_and_variance(holdings, tau, sigma, eta, gamma, epsilon):
    sold = -np.diff(holdings)
    net = eta - gamma * tau / 2
    expected = (gamma * holdings[0] ** 2 / 2 + epsilon * sold.sum()
                + net / tau * (sold**2).sum())
    return expected, sigma**2 * tau * (holdings[1:] ** 2).sum()
