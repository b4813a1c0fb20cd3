# marks: 6
def spell(side, price, size, bid, ask, lot):
    def words(n):
        if n < 8:
            return [int(n)]
        bits = f"{int(n):b}"
        bucket = 8 + 4 * (len(bits) - 4) + int(bits[1:3], 2)
        rest = bits[3:]
        return [bucket] + [int(rest[k:k + 4], 2) for k in range(0, len(rest), 4)]

    if side == 1:
        zone = 0 if price <= bid else 2 if price >= ask else 1
        distance = (bid - price, price - bid - 1, price - ask)[zone]
    else:
        zone = 0 if price >= ask else 2 if price <= bid else 1
        distance = (price - ask, ask - price - 1, bid - price)[zone]
    found = [zone] + words(distance)
    if size % lot:
        return found + [1] + words(size)
    return found + [0] + words(size // lot)
