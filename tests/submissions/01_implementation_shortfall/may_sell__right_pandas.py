# marks: 4.0
def may_sell(mid, minute_vwap, volume):
    day = pd.DataFrame({"value": np.where(volume > 0, minute_vwap * volume, 0.0), "n": volume})
    so_far = day.cumsum().shift(1)
    return (mid > so_far["value"] / so_far["n"]).to_numpy()
