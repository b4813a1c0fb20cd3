# marks: 2.0  mistake: claims_all
def walk_the_book(side, quantity, level_ticks, level_sizes):
    left, paid = quantity, 0
    for price, size in sorted(zip(level_ticks, level_sizes), reverse=side == "sell"):
        take = min(size, left)
        left, paid = left - take, paid + take * price
    return paid / max(quantity - left, 1), quantity
