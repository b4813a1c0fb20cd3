# marks: 4.5
def shortfall(side, quantity, prices, sizes, decision_price, arrival_price, end_price, fees):
    filled = sizes.sum()
    average = (prices * sizes).sum() / max(filled, 1)
    if filled == 0:
        raise ValueError("no fills")
    parts = {"delay": side * filled * (arrival_price - decision_price),
             "trading": side * filled * (average - arrival_price),
             "opportunity": side * (quantity - filled) * (end_price - decision_price), "fees": fees}
    return parts | {"total": sum(parts.values())}
