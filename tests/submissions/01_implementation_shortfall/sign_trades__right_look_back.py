# marks: 5.0
def sign_trades(prices, bid, ask):
    signs = []
    for i in range(len(prices)):
        mid = 0.5 * (bid[i] + ask[i])
        if prices[i] > mid + 1e-9:
            signs.append(1)
        elif prices[i] < mid - 1e-9:
            signs.append(-1)
        else:
            j = i - 1
            while j >= 0 and abs(prices[j] - prices[i]) < 1e-9:
                j -= 1
            signs.append(0 if j < 0 else 1 if prices[i] > prices[j] else -1)
    return signs
