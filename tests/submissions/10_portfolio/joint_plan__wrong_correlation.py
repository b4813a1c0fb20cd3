# marks: 0.0  mistake: correlation
def joint_plan(quantities, covariance, cost, aversion, periods):
    names, inner = len(quantities), periods - 1
    d = np.sqrt(np.diag(covariance))
    holdings = np.zeros((periods + 1, names))
    holdings[0] = quantities
    if inner:
        second = 2 * np.eye(inner) - np.eye(inner, k=1) - np.eye(inner, k=-1)
        matrix = np.kron(second, np.diag(cost)) + np.kron(np.eye(inner), aversion * covariance / np.outer(d, d))
        right = np.zeros((inner, names))
        right[0] = cost * quantities
        holdings[1:-1] = np.linalg.solve(matrix, right.ravel()).reshape(inner, names)
    return holdings
