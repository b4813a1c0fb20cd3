# marks: 4.0
def mended_rewards(mid, sold, price, quantity, leftover_price):
    rewards = []
    held = quantity
    for k in range(len(sold)):
        held -= sold[k]
        reward = held * (mid[k + 1] - mid[k])
        if sold[k] > 0:
            reward += sold[k] * (price[k] - mid[k])
        rewards.append(float(reward))
    if held > 0:
        rewards[-1] += held * (leftover_price - mid[-1])
    return np.array(rewards)
