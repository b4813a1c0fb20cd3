# marks: 8
def oddity(quotes, trades, blotter):
    mid = ((quotes["bid"] + quotes["ask"]) / 2).to_numpy()
    spread = (quotes["ask"] - quotes["bid"]).to_numpy()
    inside = ((trades["price"] - trades["bid"] > 1e-6)
              & (trades["ask"] - trades["price"] > 1e-6)).mean()
    if inside > 0.02:
        return "hidden", float(inside)
    own = blotter[blotter["filled"] > 0]
    fee = 100 * (own["fee"] / own["filled"]).groupby(own["kind"]).mean()
    if fee["make"] > fee["take"]:
        return "inverted", float(fee["make"] - fee["take"])
    whole = spread[:len(spread) - len(spread) % 12].reshape(-1, 12).mean(axis=1)
    low, high = np.quantile(whole, [0.1, 0.9])
    if high > 2.2 * low:
        return "storms", float(high / low)
    long, short = mid[24:] - mid[:-24], mid[2:] - mid[:-2]
    ratio = float(np.mean(long**2) / np.mean(short**2) / 12)
    if ratio > 1.7 or ratio < 0.6:
        return ("trend" if ratio > 1 else "overshoot"), ratio
    edges = np.arange(quotes["time_s"].iloc[0], quotes["time_s"].iloc[-1] + 300, 300)
    volume, _ = np.histogram(trades["time_s"], edges, weights=trades["shares"])
    return "drought", float(volume[:23].min() / volume[:23].mean())
