# marks: 0  mistake: turned
def hops(sent, received, told, heard):
    k = heard > 0
    offset = ((sent - received) + (heard - told))[k] / 2
    travel = ((heard - sent) - (told - received))[k]
    return np.median(offset), np.median(travel), np.median((told - received)[k])
