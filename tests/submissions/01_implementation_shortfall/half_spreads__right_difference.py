# marks: 4.0
def half_spreads(prices, signs, mid, mid_later):
    unit = np.where(signs == 0, np.nan, signs) * 1e4 / mid
    effective = unit * (prices - mid)
    impact = unit * (mid_later - mid)
    return np.array([effective, effective - impact, impact])
