# marks: 0.0  mistake: colleague
def mended_backtest(close, low, high, half_spread):
    cash = 0.0
    inventory = 0
    for n in range(1, len(close)):
        known = close[n]
        if low[n] <= known - half_spread:
            cash -= known - half_spread
            inventory += 1
        if high[n] >= known + half_spread:
            cash += known + half_spread
            inventory -= 1
    return cash + inventory * close[-1], inventory
