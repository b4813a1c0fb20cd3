# marks: 2.5  mistake: delay_on_all
def shortfall(side, quantity, prices, sizes, decision_price, arrival_price, end_price, fees):
    filled = sizes.sum()
    parts = {"delay": side * quantity * (arrival_price - decision_price),
             "trading": side * ((prices * sizes).sum() - filled * arrival_price),
             "opportunity": side * (quantity - filled) * (end_price - arrival_price), "fees": fees}
    return parts | {"total": sum(parts.values())}
