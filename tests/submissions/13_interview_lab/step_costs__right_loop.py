# marks: 5
def step_costs(side, mid, lots, price, fee, quantity, book, take_fee):
    unit, left, out = quantity * mid[0] / 1e4, quantity, []
    for k in range(len(lots)):
        left -= lots[k]
        cost = side * left * (mid[k + 1] - mid[k]) + fee[k]
        if lots[k]:
            cost += side * lots[k] * (price[k] - mid[k])
        out.append(cost)
    for row, (level, size) in enumerate(book):
        n = left if row == len(book) - 1 else min(left, size)
        out[-1] += side * n * (level - mid[-1]) + take_fee * n
        left -= n
    return [cost / unit for cost in out]
