# marks: 2.0
def top_of_book(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    bids, asks = dict(zip(bid_ticks, bid_sizes)), dict(zip(ask_ticks, ask_sizes))
    bid, ask = max(bids, default=None), min(asks, default=None)
    if bid is None or ask is None:
        return dict(spread_ticks=None, mid_ticks=None, bid_size=bids.get(bid), ask_size=asks.get(ask))
    return dict(spread_ticks=ask - bid, mid_ticks=bid + (ask - bid) / 2, bid_size=bids[bid],
                ask_size=asks[ask])
