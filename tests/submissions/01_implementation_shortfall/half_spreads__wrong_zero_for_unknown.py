# marks: 2.0  mistake: zero_for_unknown
def half_spreads(prices, signs, mid, mid_later):
    unit = signs * 1e4 / mid
    return unit * (prices - mid), unit * (prices - mid_later), unit * (mid_later - mid)
