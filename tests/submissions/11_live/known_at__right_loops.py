# marks: 5
def known_at(decided, heard, stamped, value):
    out = []
    for at in decided:
        best, newest = float("nan"), -math.inf
        for h, s, v in zip(heard, stamped, value):
            if h <= at and s > newest:
                best, newest = v, s
        out.append(best)
    return np.array(out, dtype=float)
