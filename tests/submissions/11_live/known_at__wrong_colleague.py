# marks: 0  mistake: colleague
def known_at(decided, heard, stamped, value):
    order = np.argsort(stamped)
    place = np.searchsorted(stamped[order], decided, side="right") - 1
    return np.where(place >= 0, value[order][place], np.nan)
