# marks: 2.0  mistake: overwritten
def allowed(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net):
    forced = np.ceil(must / (ahead + 1))
    lots = np.where(ahead < 3, forced, np.clip(wish, 0, left))
    below = np.minimum(cap, 0.999_999)
    room = np.maximum(np.floor((below * volume - filled) / (1 - below)), 0)
    lots = np.where(cap < 1, np.minimum(lots, room), lots)
    for way, most in ((-1, most_net + net), (1, most_net - net)):
        worth = (price * lots)[side == way].sum()
        if worth > most:
            lots = np.where(side == way, np.floor(lots * most / worth), lots)
    return lots.astype(int)
