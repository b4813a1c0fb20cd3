# marks: 0.5  mistake: same_for_both
def all_in_price(side, price, is_maker, taker_fee, maker_rebate):
    return price - maker_rebate if is_maker else price + taker_fee
