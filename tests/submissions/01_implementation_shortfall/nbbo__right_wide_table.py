# marks: 5.0
def nbbo(quotes):
    bid = pd.DataFrame(index=range(len(quotes)))
    ask = bid.copy()
    for exchange in quotes["exchange"].unique():
        own = (quotes["exchange"] == exchange).to_numpy()
        row = np.maximum.accumulate(np.where(own, np.arange(len(quotes)), -1))
        bid[exchange] = np.where(row >= 0, quotes["bid"].to_numpy()[row], np.nan)
        ask[exchange] = np.where(row >= 0, quotes["ask"].to_numpy()[row], np.nan)
    return bid.max(axis=1), ask.min(axis=1)
