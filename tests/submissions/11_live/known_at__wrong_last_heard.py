# marks: 2  mistake: last_heard
def known_at(decided, heard, stamped, value):
    order = np.argsort(heard)
    place = np.searchsorted(heard[order], decided, side="right") - 1
    return np.where(place >= 0, value[order][place], np.nan)
