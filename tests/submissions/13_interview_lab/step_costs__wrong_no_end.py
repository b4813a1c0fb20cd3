# marks: 0  mistake: no_end
def step_costs(side, mid, lots, price, fee, quantity, book, take_fee):
    left = quantity - np.cumsum(lots)
    cost = side * (np.nan_to_num(lots * (price - mid[:-1])) + left * np.diff(mid)) + fee
    return cost * 1e4 / (quantity * mid[0])
