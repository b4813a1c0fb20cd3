# marks: 0.0  mistake: realised
def mended_rewards(mid, sold, price, quantity, leftover_price):
    rewards = np.where(sold > 0, sold * (np.nan_to_num(price) - mid[0]), 0.0)
    left = quantity - sold.sum()
    if left > 0:
        rewards[-1] += left * (leftover_price - mid[0])
    return rewards
