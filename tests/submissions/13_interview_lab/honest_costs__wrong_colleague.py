# marks: 0  mistake: colleague
def honest_costs(side, filled, price, working, mid, quantity, leftover_price, risk_price):
    idle = quantity - np.cumsum(filled) - working
    cost = side * np.where(filled > 0, filled * (price - mid[:-1]), 0.0)
    cost = cost + side * idle * np.diff(mid) + risk_price * idle**2
    if idle[-1] > 0:
        cost[-1] += side * idle[-1] * (leftover_price - mid[-1])
    return cost
