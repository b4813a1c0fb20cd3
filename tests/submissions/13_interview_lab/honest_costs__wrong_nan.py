# marks: 0  mistake: nan
def honest_costs(side, filled, price, working, mid, quantity, leftover_price, risk_price):
    left = quantity - np.cumsum(filled)
    cost = side * filled * (price - mid[:-1]) + side * left * np.diff(mid) + risk_price * left**2
    if left[-1] > 0:
        cost[-1] += side * left[-1] * (leftover_price - mid[-1])
    return cost
