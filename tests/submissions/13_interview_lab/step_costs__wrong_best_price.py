# marks: 0  mistake: best_price
def step_costs(side, mid, lots, price, fee, quantity, book, take_fee):
    left = quantity - np.cumsum(lots)
    cost = side * (np.nan_to_num(lots * (price - mid[:-1])) + left * np.diff(mid)) + fee
    cost[-1] += left[-1] * (side * (book[0, 0] - mid[-1]) + take_fee)
    return cost * 1e4 / (quantity * mid[0])
