# marks: 3.0
def walk_the_book(side, quantity, level_ticks, level_sizes):
    order = np.argsort(level_ticks)
    if side == "sell":
        order = order[::-1]
    prices, sizes = np.asarray(level_ticks)[order], np.asarray(level_sizes)[order]
    before = np.cumsum(sizes) - sizes
    traded = np.clip(quantity - before, 0, sizes)
    filled = traded.sum()
    return ((traded * prices).sum() / filled, filled) if filled > 0 else (None, 0)
