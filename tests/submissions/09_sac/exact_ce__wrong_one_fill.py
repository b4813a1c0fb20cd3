# marks: 0.0  mistake: one_fill
def exact_ce(bid, ask, intensity, decay, move, step, gamma):
    edge = bid.shape[1] // 2
    held = np.arange(-edge, edge + 1)
    worth = np.ones(len(held))
    for row in reversed(range(len(bid))):
        moved = np.cosh(gamma * held * move) * worth
        more, less = np.append(moved[1:], 0.0), np.append(0.0, moved[:-1])
        buys, sells = (np.minimum(1, intensity * np.exp(-decay * side[row]) * step)
                       for side in (bid, ask))
        paid, got = np.exp(-gamma * bid[row]), np.exp(-gamma * ask[row])
        worth = ((1 - buys - sells) * moved + buys * paid * more
                 + sells * got * less)
    return -math.log(worth[edge]) / gamma
