# marks: 4.0
def mended_rewards(mid, sold, price, quantity, leftover_price):
    held = np.concatenate([[quantity], quantity - np.cumsum(sold)])
    cash = np.concatenate([[0.0], np.cumsum(sold * np.nan_to_num(price))])
    wealth = cash + held * mid
    if held[-1] > 0:
        wealth[-1] = cash[-1] + held[-1] * leftover_price
    return np.diff(wealth)
