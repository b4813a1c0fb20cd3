# marks: 0.0  mistake: uses_this_minute
def may_sell(mid, minute_vwap, volume):
    return mid > np.cumsum(minute_vwap * volume) / np.cumsum(volume)
