# marks: 2  mistake: zero
def known_at(decided, heard, stamped, value):
    out = np.zeros(len(decided))
    for k, at in enumerate(decided):
        inside = np.flatnonzero(heard <= at)
        if len(inside):
            out[k] = value[inside[stamped[inside].argmax()]]
    return out
