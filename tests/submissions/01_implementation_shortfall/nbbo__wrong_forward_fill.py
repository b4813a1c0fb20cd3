# marks: 1.0  mistake: withdrawn_kept
def nbbo(quotes):
    rows = quotes.reset_index(drop=True)
    bid = rows.pivot(columns="exchange", values="bid").ffill()
    ask = rows.pivot(columns="exchange", values="ask").ffill()
    return bid.max(axis=1).to_numpy(), ask.min(axis=1).to_numpy()
