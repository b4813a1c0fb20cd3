# marks: 0  mistake: strict
def known_at(decided, heard, stamped, value):
    out = np.full(len(decided), np.nan)
    for k, at in enumerate(decided):
        inside = np.flatnonzero(heard < at)
        if len(inside):
            out[k] = value[inside[stamped[inside].argmax()]]
    return out
