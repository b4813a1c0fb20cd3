# marks: 0.0  mistake: full_spread
def half_spreads(prices, signs, mid, mid_later):
    unit = 2 * np.where(signs == 0, np.nan, signs) * 1e4 / mid
    return unit * (prices - mid), unit * (prices - mid_later), unit * (mid_later - mid)
