# marks: 0.0  mistake: colleague
def fair_score(mid, u_bid, u_ask, half, lean, intensity, decay, step, gamma):
    cash, held = np.zeros(len(mid)), np.zeros(len(mid))
    for n in range(mid.shape[1] - 1):
        bid = mid[:, n + 1] - half - lean * held
        ask = mid[:, n + 1] + half - lean * held
        buys = u_bid[:, n] < intensity * step * np.exp(-decay * (mid[:, n] - bid))
        sells = u_ask[:, n] < intensity * step * np.exp(-decay * (ask - mid[:, n]))
        cash = cash + np.where(sells, ask, 0.0) - np.where(buys, bid, 0.0)
        held = held + buys.astype(int) - sells.astype(int)
    profit = cash + held * mid[:, -1]
    parts = [profit[k:k + 4] for k in range(0, len(profit), 4)]
    sure = [-np.log(np.exp(-gamma * part).mean()) / gamma for part in parts]
    return float(profit.mean()), float(np.mean(sure))
