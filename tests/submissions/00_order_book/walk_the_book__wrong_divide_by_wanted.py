# marks: 2.0  mistake: divide_by_wanted
def walk_the_book(side, quantity, level_ticks, level_sizes):
    left, paid = quantity, 0
    for price, size in sorted(zip(level_ticks, level_sizes), reverse=side == "sell"):
        take = min(size, left)
        left, paid = left - take, paid + take * price
    return paid / quantity, quantity - left
