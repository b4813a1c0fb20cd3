# marks: 0.0  mistake: parts_swapped
def half_spreads(prices, signs, mid, mid_later):
    unit = np.where(signs == 0, np.nan, signs) * 1e4 / mid
    return unit * (prices - mid), unit * (mid_later - mid), unit * (prices - mid_later)
