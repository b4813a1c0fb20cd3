# marks: 0  mistake: mean
def hops(sent, received, told, heard):
    k = heard > 0
    offset = ((received - sent) + (told - heard))[k] / 2
    travel = ((heard - sent) - (told - received))[k]
    return offset.mean(), travel.mean(), (told - received)[k].mean()
