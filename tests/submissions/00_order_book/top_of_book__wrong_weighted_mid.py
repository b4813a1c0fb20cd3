# marks: 0.5  mistake: weighted_mid
def top_of_book(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    out = {"spread_ticks": None, "mid_ticks": None, "bid_size": None, "ask_size": None}
    if len(bid_ticks):
        i = bid_ticks.argmax()
        out["bid_size"] = int(bid_sizes[i])
    if len(ask_ticks):
        j = ask_ticks.argmin()
        out["ask_size"] = int(ask_sizes[j])
    if len(bid_ticks) and len(ask_ticks):
        qb, qa = bid_sizes[i], ask_sizes[j]
        out["spread_ticks"] = int(ask_ticks[j] - bid_ticks[i])
        out["mid_ticks"] = float((bid_ticks[i] * qa + ask_ticks[j] * qb) / (qa + qb))
    return out
