# marks: 0.0
def verdict(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    spread = gaps.std(ddof=1)
    reach = 1.96 * spread / math.sqrt(len(gaps))
    days = max(2, math.ceil(((ndtri(0.975) + ndtri(0.8)) * spread / difference) ** 2))
    return gaps.mean(), gaps.mean() - reach, gaps.mean() + reach, days
