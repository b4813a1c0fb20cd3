# marks: 0.0  mistake: no_end
def mended_rewards(mid, sold, price, quantity, leftover_price):
    rewards = []
    held = quantity
    for k in range(len(sold)):
        held -= sold[k]
        reward = held * (mid[k + 1] - mid[k])
        if sold[k] > 0:
            reward += sold[k] * (price[k] - mid[k])
        rewards.append(float(reward))
    return np.array(rewards)
