# marks: 2.5  mistake: sign_of_a_buy
def shortfall(side, quantity, prices, sizes, decision_price, arrival_price, end_price, fees):
    filled = sizes.sum()
    parts = {"delay": filled * (arrival_price - decision_price),
             "trading": (prices * sizes).sum() - filled * arrival_price,
             "opportunity": (quantity - filled) * (end_price - decision_price), "fees": fees}
    return parts | {"total": sum(parts.values())}
