# marks: 5.0
def run_path(gamma, sigma, k, intensity, horizon, moves, u_bid, u_ask):
    dt = horizon / len(moves)
    left = horizon - dt * np.arange(len(moves))
    held, earned = [], []
    q = 0
    for tau, u, w in zip(left, u_bid, u_ask):
        d = AvellanedaStoikov(gamma, sigma, k).depths(q, tau)
        hit = [u < intensity * dt * math.exp(-k * d[0]), w < intensity * dt * math.exp(-k * d[1])]
        q = q + hit[0] - hit[1]
        held.append(q)
        earned.append(d[0] * hit[0] + d[1] * hit[1])
    return float(np.sum(earned) + np.dot(held, moves)), int(q)
