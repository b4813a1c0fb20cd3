# marks: 6
def spell(side, price, size, bid, ask, lot):
    out = []

    def say(n):
        if n < 8:
            out.append(n)
            return
        e = 3
        while 2 ** (e + 1) <= n:
            e += 1
        out.append(8 + 4 * (e - 3) + n // 2 ** (e - 2) % 4)
        rest, bits = n % 2 ** (e - 2), e - 2
        while bits > 4:
            bits -= 4
            out.append(rest // 2 ** bits)
            rest = rest % 2 ** bits
        out.append(rest)

    own = bid if side > 0 else ask
    other = bid + ask - own
    better = (price - own) * side
    if better <= 0:
        out.append(0)
        say(-better)
    elif (other - price) * side > 0:
        out.append(1)
        say(better - 1)
    else:
        out.append(2)
        say((price - other) * side)
    unit = int(size % lot > 0)
    out.append(unit)
    say(size if unit else size // lot)
    return out
