# marks: 0.0  mistake: all_at_best
def walk_the_book(side, quantity, level_ticks, level_sizes):
    best = min(level_ticks) if side == "buy" else max(level_ticks)
    return float(best), min(quantity, sum(level_sizes))
