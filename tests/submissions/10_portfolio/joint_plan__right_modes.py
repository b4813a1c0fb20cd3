# marks: 6.0
def joint_plan(quantities, covariance, cost, aversion, periods):
    root = np.sqrt(cost)
    values, vectors = np.linalg.eigh(covariance / np.outer(root, root))
    start = vectors.T @ (root * quantities)
    rate = np.arccosh(1 + aversion * np.maximum(values, 1e-14) / 2)
    left = np.arange(periods, -1, -1)[:, None]
    path = (start * np.sinh(rate * left) / np.sinh(rate * periods)) @ vectors.T / root
    path[0], path[-1] = quantities, 0
    return path
