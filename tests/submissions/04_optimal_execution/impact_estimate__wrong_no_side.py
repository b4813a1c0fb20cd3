# marks: 2.0  mistake: no_side
def impact_estimate(side, before, with_order, without_order):
    moves = (with_order - without_order) / before * 1e4
    moves = moves[np.isfinite(moves)]
    error = moves.std(ddof=1) / math.sqrt(len(moves))
    reach = stdtrit(len(moves) - 1, 0.975) * error
    return moves.mean(), moves.mean() - reach, moves.mean() + reach
