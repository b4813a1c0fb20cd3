# marks: 5.0
def fill_intensity(distances, exposures_s, filled):
    sums = {}
    for d, t, hit in zip(distances, exposures_s, filled):
        fills, seconds = sums.get(d, (0, 0.0))
        sums[d] = fills + int(hit), seconds + t
    rows = [(d, n, math.log(n / t)) for d, (n, t) in sums.items() if n]
    d, n, y = np.array(rows).T
    root = np.sqrt(n)
    design = np.column_stack([root, -root * d])
    log_a, k = np.linalg.lstsq(design, root * y, rcond=None)[0]
    return math.exp(log_a), float(k)
