# marks: 4
def hops(sent, received, told, heard):
    rows = []
    for t1, t2, t3, t4 in zip(sent, received, told, heard):
        if t4 > 0:
            rows.append((((t2 - t1) + (t3 - t4)) / 2, (t4 - t1) - (t3 - t2), t3 - t2))
    return tuple(float(x) for x in np.median(np.array(rows), axis=0))
