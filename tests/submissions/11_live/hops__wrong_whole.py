# marks: 0  mistake: whole
def hops(sent, received, told, heard):
    k = heard > 0
    offset = ((received - sent) + (told - heard))[k] / 2
    return np.median(offset), np.median((heard - sent)[k]), np.median((told - received)[k])
