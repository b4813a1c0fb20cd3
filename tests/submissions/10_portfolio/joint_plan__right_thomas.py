# marks: 6.0
def joint_plan(quantities, covariance, cost, aversion, periods):
    m = len(quantities)
    middle = 2 * np.diag(cost) + aversion * covariance
    side = np.diag(cost)
    links = [np.zeros((m, m))]
    for _ in range(periods - 1):
        links.append(np.linalg.solve(middle - side @ links[-1], side))
    path = [np.array(quantities, dtype=float)]
    for link in reversed(links[1:]):
        path.append(link @ path[-1])
    path.append(np.zeros(m))
    return np.array(path)
