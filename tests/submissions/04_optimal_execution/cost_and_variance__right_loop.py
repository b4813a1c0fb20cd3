# marks: 5.0
def cost_and_variance(holdings, tau, sigma, eta, gamma, epsilon):
    expected = variance = sold_before = 0.0
    for start, end in zip(holdings[:-1], holdings[1:]):
        n = start - end
        expected += epsilon * abs(n) + n * (gamma * sold_before + eta * n / tau)
        sold_before += n
        variance += sigma**2 * tau * end**2
    return expected, variance
