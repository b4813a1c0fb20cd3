# marks: 0.25  mistake: tick_rule_everywhere
def sign_trades(prices, bid, ask):
    signs = np.zeros(len(prices), dtype=int)
    for i in range(1, len(prices)):
        if abs(prices[i] - prices[i - 1]) < 1e-9:
            signs[i] = signs[i - 1]
        else:
            signs[i] = 1 if prices[i] > prices[i - 1] else -1
    return signs
