# marks: 2.0
def all_in_price(side, price, is_maker, taker_fee, maker_rebate):
    if side == "buy" and is_maker:
        return price - maker_rebate
    if side == "buy":
        return price + taker_fee
    if is_maker:
        return price + maker_rebate
    return price - taker_fee
