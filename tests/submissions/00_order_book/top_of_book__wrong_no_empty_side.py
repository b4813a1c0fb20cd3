# marks: 1.5  mistake: empty_side
def top_of_book(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    bid, ask = bid_ticks.max(), ask_ticks.min()
    return {"spread_ticks": ask - bid, "mid_ticks": (ask + bid) / 2,
            "bid_size": bid_sizes[bid_ticks == bid][0], "ask_size": ask_sizes[ask_ticks == ask][0]}
