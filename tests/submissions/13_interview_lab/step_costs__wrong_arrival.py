# marks: 0  mistake: arrival
def step_costs(side, mid, lots, price, fee, quantity, book, take_fee):
    cost = side * np.nan_to_num(lots * (price - mid[0])) + fee
    rest = quantity - lots.sum()
    taken = np.minimum(book[:, 1], np.maximum(rest - (book[:, 1].cumsum() - book[:, 1]), 0))
    value = (taken * book[:, 0]).sum() + (rest - taken.sum()) * book[-1, 0]
    cost[-1] += side * (value - rest * mid[0]) + take_fee * rest
    return cost * 1e4 / (quantity * mid[0])
