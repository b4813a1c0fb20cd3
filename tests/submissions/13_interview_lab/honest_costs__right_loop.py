# marks: 4
def honest_costs(side, filled, price, working, mid, quantity, leftover_price, risk_price):
    left, out = quantity, []
    for k, n in enumerate(filled):
        left -= n
        out.append(side * left * (mid[k + 1] - mid[k]) + risk_price * left * left)
        if n > 0:
            out[-1] += side * n * (price[k] - mid[k])
    if left > 0:
        out[-1] += side * left * (leftover_price - mid[-1])
    return out
