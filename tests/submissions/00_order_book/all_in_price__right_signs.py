# marks: 2.0
def all_in_price(side, price, is_maker, taker_fee, maker_rebate):
    direction = {"buy": 1, "sell": -1}[side]
    cost = taker_fee
    if is_maker:
        cost = -maker_rebate
    return price + direction * cost
