# marks: 2.0  mistake: not_volume_weighted
def may_sell(mid, minute_vwap, volume):
    before = pd.Series(minute_vwap).expanding().mean().shift(1)
    return (mid > before).to_numpy()
