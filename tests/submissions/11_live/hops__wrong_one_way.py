# marks: 0  mistake: one_way
def hops(sent, received, told, heard):
    known = heard > 0
    delay = np.median((received - sent)[known])
    return delay, delay, np.median((told - received)[known])
