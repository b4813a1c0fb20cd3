# marks: 5.0
def nbbo(quotes):
    now, bids, asks = {}, [], []
    for exchange, bid, ask in zip(quotes.exchange, quotes.bid, quotes.ask):
        now[exchange] = (bid, ask)
        bids.append(max((b for b, _ in now.values() if b == b), default=float("nan")))
        asks.append(min((a for _, a in now.values() if a == a), default=float("nan")))
    return [bids, asks]
