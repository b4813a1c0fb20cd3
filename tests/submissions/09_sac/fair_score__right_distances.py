# marks: 5.0
def fair_score(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma):
    gains = []
    for k in range(mid.shape[0]):
        wealth, q = 0.0, 0
        for n in range(u_bid.shape[1]):
            below, above = half + lean * q, half - lean * q
            bought = u_bid[k, n] < intensity * math.exp(-decay * below) * step
            sold = u_ask[k, n] < intensity * math.exp(-decay * above) * step
            wealth += bought * below + sold * above
            q += int(bought) - int(sold)
            wealth += q * (mid[k, n + 1] - mid[k, n])
        gains.append(wealth)
    gains = np.array(gains)
    low = gains.min()
    return gains.mean(), low - math.log(np.exp(-gamma * (gains - low)).mean()) / gamma
