# marks: 5.0
def sign_trades(prices, bid, ask):
    distance = prices - (bid + ask) / 2
    quote = np.where(np.abs(distance) > 1e-9, np.sign(distance), 0)
    move = np.diff(prices, prepend=prices[:1])
    move = np.where(np.abs(move) > 1e-9, np.sign(move), np.nan)
    tick = pd.Series(move).ffill().fillna(0).to_numpy()
    return np.where(quote != 0, quote, tick).astype(int)
