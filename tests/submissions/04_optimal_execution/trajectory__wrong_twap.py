# marks: 1.0  mistake: equal
def trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion):
    return np.linspace(quantity, 0, periods + 1)
