# marks: 3.0  mistake: nan_never_leaves
def may_sell(mid, minute_vwap, volume):
    before = np.cumsum(minute_vwap * volume) / np.cumsum(volume)
    return mid > np.concatenate([[np.nan], before[:-1]])
