# marks: 0.0  mistake: no_permanent
def cost_and_variance(holdings, tau, sigma, eta, gamma, epsilon):
    sold = -np.diff(holdings)
    net = eta - gamma * tau / 2
    expected = (epsilon * np.abs(sold).sum()
                + net / tau * (sold**2).sum())
    return expected, sigma**2 * tau * (holdings[1:] ** 2).sum()
