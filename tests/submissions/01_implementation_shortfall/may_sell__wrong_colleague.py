# marks: 0.0  mistake: whole_day_vwap
def may_sell(mid, minute_vwap, volume):
    vwap = np.nansum(minute_vwap * volume) / np.sum(volume)
    return mid > vwap
