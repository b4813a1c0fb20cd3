# marks: 0.0  mistake: cap_of_one
def allowed(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net):
    forced = np.where(ahead < 3, np.ceil(must / (ahead + 1)), 0)
    lots = np.maximum(np.clip(wish, 0, left), forced)
    below = np.where(cap < 1, cap, 0.0)
    room = np.maximum(np.floor((cap * volume - filled) / (1 - below)), 0)
    lots = np.minimum(lots, room)
    for way, most in ((-1, most_net + net), (1, most_net - net)):
        worth = (price * lots)[side == way].sum()
        if worth > most:
            lots = np.where(side == way, np.floor(lots * most / worth), lots)
    return lots.astype(int)
