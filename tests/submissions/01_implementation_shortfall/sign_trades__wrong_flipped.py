# marks: 0.0  mistake: sign_flipped
def sign_trades(prices, bid, ask):
    signs, tick = [], 0
    for i, price in enumerate(prices):
        if i and abs(price - prices[i - 1]) > 1e-9:
            tick = -1 if price > prices[i - 1] else 1
        distance = price - (bid[i] + ask[i]) / 2
        signs.append(tick if abs(distance) < 1e-9 else -1 if distance > 0 else 1)
    return np.array(signs)
