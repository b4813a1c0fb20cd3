# marks: 3.0
def walk_the_book(side, quantity, level_ticks, level_sizes):
    levels = {int(p): int(v) for p, v in zip(level_ticks, level_sizes)}
    paid = filled = 0
    while levels and filled < quantity:
        price = min(levels) if side == "buy" else max(levels)
        take = min(levels.pop(price), quantity - filled)
        paid += take * price
        filled += take
    return [paid / filled, filled] if filled else [None, 0]
