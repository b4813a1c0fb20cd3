# marks: 5.0
def trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion):
    tau = horizon / periods
    c = aversion * sigma**2 * tau**2 / (eta - gamma * tau / 2)
    m = periods - 1
    if m == 0:
        return np.array([quantity, 0.0])
    matrix = (2 + c) * np.eye(m) - np.eye(m, k=1) - np.eye(m, k=-1)
    right = np.zeros(m)
    right[0] = quantity
    return np.concatenate([[quantity], np.linalg.solve(matrix, right), [0.0]])
