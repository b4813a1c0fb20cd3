# marks: 4.6  mistake: inside_from_zero
def spell(side, price, size, bid, ask, lot):
    def number(n):
        if n < 8:
            return [n]
        left = n.bit_length() - 3
        words, rest = [8 + 4 * (left - 1) + (n >> left) % 4], n % (1 << left)
        while left > 0:
            left, taken = max(left - 4, 0), left
            words.append((rest >> left) % (1 << (taken - left)))
        return words

    own, other = (bid, ask) if side > 0 else (ask, bid)
    if side * (price - own) <= 0:
        where = [0, *number(side * (own - price))]
    elif side * (price - other) < 0:
        where = [1, *number(side * (price - own) - 0)]
    else:
        where = [2, *number(side * (price - other))]
    return where + ([0, *number(size // lot)] if size % lot == 0 else [1, *number(size)])
