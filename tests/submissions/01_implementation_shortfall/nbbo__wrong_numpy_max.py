# marks: 1.0  mistake: nan_wins
def nbbo(quotes):
    last = {}
    bid, ask = [], []
    for row in quotes.itertuples():
        last[row.exchange] = (row.bid, row.ask)
        bid.append(np.max([b for b, _ in last.values()]))
        ask.append(np.min([a for _, a in last.values()]))
    return np.array(bid), np.array(ask)
