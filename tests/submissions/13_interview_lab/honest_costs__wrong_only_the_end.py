# marks: 0  mistake: only_the_end
def honest_costs(side, filled, price, working, mid, quantity, leftover_price, risk_price):
    left = quantity - np.cumsum(filled)
    idle = left - working
    cost = side * np.where(filled > 0, filled * (price - mid[:-1]), 0.0)
    cost = cost + side * idle * np.diff(mid) + risk_price * idle**2
    if left[-1] > 0:
        cost[-1] += side * left[-1] * (leftover_price - mid[-1])
    return cost
