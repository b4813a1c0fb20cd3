# marks: 0.5  mistake: sorted_as_buy
def walk_the_book(side, quantity, level_ticks, level_sizes):
    left, paid = quantity, 0
    for price, size in sorted(zip(level_ticks, level_sizes)):
        take = min(size, left)
        left, paid = left - take, paid + take * price
    filled = quantity - left
    return (paid / filled if filled else None), filled
