# marks: 5
def known_at(decided, heard, stamped, value):
    out = np.full(len(decided), np.nan)
    for first in range(0, len(decided), 100):
        part = decided[first:first + 100]
        key = np.where(heard <= part[:, None], stamped, -np.inf)
        best = key.argmax(axis=1)
        known = np.isfinite(key.max(axis=1))
        out[first:first + 100] = np.where(known, value[best], np.nan)
    return out
