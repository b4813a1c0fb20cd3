# marks: 8.0
def allowed(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net):
    lots = []
    for k in range(len(wish)):
        want = min(max(int(wish[k]), 0), int(left[k]))
        if ahead[k] < 3:
            want = max(want, math.ceil(must[k] / (ahead[k] + 1)))
        if cap[k] < 1:
            room = math.floor((cap[k] * volume[k] - filled[k]) / (1 - cap[k]))
            want = min(want, max(room, 0))
        lots.append(want)
    sent = []
    for k, want in enumerate(lots):
        most = most_net + net if side[k] < 0 else most_net - net
        worth = sum(p * n for p, n, s in zip(price, lots, side) if s == side[k])
        sent.append(math.floor(want * most / worth) if worth > most else want)
    return sent
