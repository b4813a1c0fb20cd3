# marks: 5.0
def exact_ce(bid, ask, intensity, decay, move, step, gamma):
    bid, ask = np.asarray(bid, float), np.asarray(ask, float)
    edge = bid.shape[1] // 2
    q = np.arange(-edge, edge + 1)
    logs = np.zeros(len(q))
    for n in range(len(bid))[::-1]:
        logs = logs + np.log(0.5 * np.exp(gamma * q * move) + 0.5 * np.exp(-gamma * q * move))
        v = np.exp(logs)
        up, down = np.roll(v, -1), np.roll(v, 1)
        pb = np.clip(intensity * step * np.exp(-decay * bid[n]), 0, 1)
        pa = np.clip(intensity * step * np.exp(-decay * ask[n]), 0, 1)
        gb, ga = np.exp(-gamma * bid[n]), np.exp(-gamma * ask[n])
        w = (1 - pb) * (1 - pa) * v + pb * (1 - pa) * gb * up + (1 - pb) * pa * ga * down
        logs = np.log(w + pb * pa * gb * ga * v)
    return float(-logs[edge] / gamma)
