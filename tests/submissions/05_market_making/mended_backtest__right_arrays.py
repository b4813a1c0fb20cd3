# marks: 4.0
def mended_backtest(close, low, high, half_spread):
    bid, ask = close[:-1] - half_spread, close[:-1] + half_spread
    bought, sold = low[1:] < bid, high[1:] > ask
    gain = ((close[-1] - bid) * bought).sum() + ((ask - close[-1]) * sold).sum()
    return gain, int(bought.sum() - sold.sum())
