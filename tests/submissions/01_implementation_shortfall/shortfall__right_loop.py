# marks: 5.0
def shortfall(side, quantity, prices, sizes, decision_price, arrival_price, end_price, fees):
    filled, paid = 0, 0.0
    for price, size in zip(prices, sizes):
        filled += size
        paid += price * size
    delay = side * filled * (arrival_price - decision_price)
    trading = side * (paid - filled * arrival_price)
    opportunity = side * (quantity - filled) * (end_price - decision_price)
    return {"delay": delay, "trading": trading, "opportunity": opportunity, "fees": fees,
            "total": delay + trading + opportunity + fees}
