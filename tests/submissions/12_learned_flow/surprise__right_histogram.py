# marks: 5
def surprise(learned, judged, size, messages, added, backing):
    code = learned[:-1] * size + learned[1:]
    pairs = np.bincount(code, minlength=size * size).reshape(size, size)
    single = (pairs.sum(0) + added) / (pairs.sum() + added * size)
    rows = pairs.sum(1)
    u, v = judged[:-1], judged[1:]
    chance = (pairs[u, v] + backing * single[v]) / (rows[u] + backing)
    bits = np.log(1 / chance) / np.log(2)
    return float(np.mean(-np.log2(single[v]))), float(bits.mean()), float(bits.sum() / messages)
