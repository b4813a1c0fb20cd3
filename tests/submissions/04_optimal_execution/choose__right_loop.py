# marks: 4.0
def choose(aversions, expected, std, limit, z):
    best, cost, worst, least = float("nan"), float("inf"), float("inf"), float("nan")
    for a, e, s in zip(aversions, expected, std):
        if s <= limit and e < cost:
            best, cost = a, e
        if e + z * s < worst:
            least, worst = a, e + z * s
    return best, least
