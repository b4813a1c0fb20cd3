# marks: 5.0
def shortfall(side, quantity, prices, sizes, decision_price, arrival_price, end_price, fees):
    done = sizes.sum()
    left = quantity - done
    total = side * (prices @ sizes + left * end_price - quantity * decision_price) + fees
    delay = side * done * (arrival_price - decision_price)
    opportunity = side * left * (end_price - decision_price)
    return dict(total=total, fees=fees, delay=delay, opportunity=opportunity,
                trading=total - fees - delay - opportunity)
