# marks: 0.0  mistake: each_path
def fair_score(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma):
    profits = []
    for path, at_bid, at_ask in zip(mid, u_bid, u_ask):
        cash, held = 0.0, 0
        for now, u, v in zip(path, at_bid, at_ask):
            bid, ask = now - half - lean * held, now + half - lean * held
            buys = u < intensity * math.exp(-decay * (now - bid)) * step
            sells = v < intensity * math.exp(-decay * (ask - now)) * step
            cash += sells * ask - buys * bid
            held += int(buys) - int(sells)
        profits.append(cash + held * path[-1])
    certain = [-math.log(math.exp(-gamma * profit)) / gamma for profit in profits]
    return np.mean(profits), np.mean(certain)
