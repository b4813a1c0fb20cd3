# marks: 0.0  mistake: colleague
def mended_rewards(mid, sold, price, quantity, leftover_price):
    return np.where(sold > 0, sold * (np.nan_to_num(price) - mid[:-1]), 0.0)
