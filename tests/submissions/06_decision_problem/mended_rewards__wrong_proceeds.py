# marks: 0.0  mistake: proceeds
def mended_rewards(mid, sold, price, quantity, leftover_price):
    """Rewards of a sale, marked to the mid, with the inventory and the end."""
    held = quantity - np.cumsum(sold)
    r = np.where(sold > 0, sold * (np.nan_to_num(price) - mid[:-1]), 0.0) + held * np.diff(mid)
    if held[-1] > 0:
        r[-1] += held[-1] * leftover_price
    return r
