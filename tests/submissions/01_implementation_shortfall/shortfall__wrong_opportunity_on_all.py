# marks: 0.5  mistake: opportunity_on_all
def shortfall(side, quantity, prices, sizes, decision_price, arrival_price, end_price, fees):
    filled = sizes.sum()
    parts = {"delay": side * filled * (arrival_price - decision_price),
             "trading": side * ((prices * sizes).sum() - filled * arrival_price),
             "opportunity": side * quantity * (end_price - decision_price), "fees": fees}
    return parts | {"total": sum(parts.values())}
