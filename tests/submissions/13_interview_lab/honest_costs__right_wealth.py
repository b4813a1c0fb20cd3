# marks: 4
def honest_costs(side, filled, price, working, mid, quantity, leftover_price, risk_price):
    left = quantity - np.concatenate([[0], np.cumsum(filled)])
    spent = np.concatenate([[0], np.cumsum(np.nan_to_num(filled * price))])
    worth = side * (spent + left * mid)
    cost = np.diff(worth) + risk_price * left[1:] ** 2
    end = leftover_price if left[-1] else mid[-1]
    cost[-1] += side * left[-1] * (end - mid[-1])
    return cost
