# marks: 5
def step_costs(side, mid, lots, price, fee, quantity, book, take_fee):
    before = quantity - np.concatenate([[0], np.cumsum(lots)[:-1]])
    paid = np.where(lots > 0, lots * np.nan_to_num(price), 0)
    cost = side * (paid - lots * mid[1:]) + side * before * np.diff(mid) + fee
    rest = quantity - lots.sum()
    each = np.repeat(book[:, 0], book[:, 1].astype(int))[:int(rest)]
    each = np.append(each, np.full(int(rest) - len(each), book[-1, 0]))
    cost[-1] += (side * (each - mid[-1]) + take_fee).sum()
    return 1e4 * cost / (quantity * mid[0])
