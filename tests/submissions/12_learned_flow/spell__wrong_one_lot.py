# marks: 5.6  mistake: one_lot
def spell(side, price, size, bid, ask, lot):
    def number(n):
        if n < 8:
            return [n]
        bits = bin(n)[3:]
        rest = bits[2:]
        return [8 + 4 * (len(bits) - 3) + int(bits[:2], 2),
                *(int(rest[k:k + 4], 2) for k in range(0, len(rest), 4))]

    own, other = (bid, ask) if side > 0 else (ask, bid)
    better = side * (price - own)
    if better <= 0:
        zone, distance = 0, -better
    elif side * (price - other) >= 0:
        zone, distance = 2, side * (price - other)
    else:
        zone, distance = 1, better - 1
    lots = size > lot and size % lot == 0
    return [zone, *number(distance), 0 if lots else 1, *number(size // lot if lots else size)]
