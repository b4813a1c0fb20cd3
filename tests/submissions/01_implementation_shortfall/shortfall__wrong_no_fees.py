# marks: 0.5  mistake: fees_not_in_total
def shortfall(side, quantity, prices, sizes, decision_price, arrival_price, end_price, fees):
    filled = sizes.sum()
    parts = {"delay": side * filled * (arrival_price - decision_price),
             "trading": side * ((prices * sizes).sum() - filled * arrival_price),
             "opportunity": side * (quantity - filled) * (end_price - decision_price)}
    return parts | {"fees": fees, "total": sum(parts.values())}
