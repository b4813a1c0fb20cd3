# marks: 4.375  mistake: per_second
def measure(quotes, trades, blotter):
    mid = ((quotes["bid"] + quotes["ask"]) / 2).to_numpy()
    row = np.searchsorted(quotes["time_s"], trades["time_s"] + 10)
    later = np.append(mid, np.nan)[row]
    move = later - ((trades["bid"] + trades["ask"]) / 2)
    fees = {}
    for kind in ("take", "make"):
        own = blotter[(blotter["kind"] == kind) & (blotter["filled"] > 0)]
        fees[kind] = float(100 * own["fee"].sum() / own["filled"].sum())
    return {
        "spread_ticks": float(((quotes["ask"] - quotes["bid"]) / 0.01).mean()),
        "depth_shares": float(((quotes["bid_shares"] + quotes["ask_shares"]) / 2).mean()),
        "volume_per_min": float(trades["shares"].sum() / len(quotes) / 5),
        "volatility_bps": float(1e4 * np.diff(np.log(mid[::12])).std(ddof=1)),
        "mark_out_ticks": float(np.nanmean(trades["sign"] * move / 0.01)),
        "delay_s": float(np.median(blotter["booked_s"] - blotter["sent_s"])),
        "take_fee": fees["take"],
        "make_fee": fees["make"],
    }
