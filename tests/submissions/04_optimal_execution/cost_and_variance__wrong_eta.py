# marks: 0.0  mistake: eta_plain
def cost_and_variance(holdings, tau, sigma, eta, gamma, epsilon):
    sold = -np.diff(holdings)
    net = eta
    expected = (gamma * holdings[0] ** 2 / 2 + epsilon * np.abs(sold).sum()
                + net / tau * (sold**2).sum())
    return expected, sigma**2 * tau * (holdings[1:] ** 2).sum()
