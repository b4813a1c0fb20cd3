# marks: 0.0  mistake: first_level
def top_of_book(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    return {"spread_ticks": ask_ticks[0] - bid_ticks[0], "mid_ticks": (ask_ticks[0] + bid_ticks[0]) / 2,
            "bid_size": bid_sizes[0], "ask_size": ask_sizes[0]}
