# marks: 4.5  mistake: beyond_free
def step_costs(side, mid, lots, price, fee, quantity, book, take_fee):
    left = quantity - np.cumsum(lots)
    cost = side * (np.nan_to_num(lots * (price - mid[:-1])) + left * np.diff(mid)) + fee
    rest = left[-1]
    taken = np.minimum(book[:, 1], np.maximum(rest - (book[:, 1].cumsum() - book[:, 1]), 0))
    cost[-1] += side * ((taken * book[:, 0]).sum() - rest * mid[-1]) + take_fee * rest
    return cost * 1e4 / (quantity * mid[0])
