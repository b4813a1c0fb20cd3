# marks: 0.0  mistake: dollars
def half_spreads(prices, signs, mid, mid_later):
    sign = np.where(signs == 0, np.nan, signs)
    return sign * (prices - mid), sign * (prices - mid_later), sign * (mid_later - mid)
