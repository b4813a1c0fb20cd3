# marks: 0.5  mistake: rebate_is_fee
def all_in_price(side, price, is_maker, taker_fee, maker_rebate):
    fee = maker_rebate if is_maker else taker_fee
    return price + fee if side == "buy" else price - fee
