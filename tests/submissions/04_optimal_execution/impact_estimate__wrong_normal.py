# marks: 0.0  mistake: normal
def impact_estimate(side, before, with_order, without_order):
    moves = side * (with_order - without_order) / before * 1e4
    moves = moves[np.isfinite(moves)]
    error = moves.std(ddof=1) / math.sqrt(len(moves))
    reach = ndtri(0.975) * error
    return moves.mean(), moves.mean() - reach, moves.mean() + reach
