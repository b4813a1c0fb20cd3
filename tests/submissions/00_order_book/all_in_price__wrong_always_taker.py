# marks: 0.5  mistake: always_taker
def all_in_price(side, price, is_maker, taker_fee, maker_rebate):
    return price + taker_fee if side == "buy" else price - taker_fee
