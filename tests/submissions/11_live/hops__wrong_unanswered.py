# marks: 3  mistake: unanswered
def hops(sent, received, told, heard):
    offset = ((received - sent) + (told - heard)) / 2
    travel = (heard - sent) - (told - received)
    return np.median(offset), np.median(travel), np.median(told - received)
