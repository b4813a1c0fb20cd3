# marks: 4.0
def may_sell(mid, minute_vwap, volume):
    value = np.cumsum(np.nan_to_num(minute_vwap) * volume)
    shares = np.cumsum(volume)
    before = np.full(len(mid), np.nan)
    before[1:] = value[:-1] / np.where(shares[:-1] > 0, shares[:-1], np.nan)
    return mid > before
