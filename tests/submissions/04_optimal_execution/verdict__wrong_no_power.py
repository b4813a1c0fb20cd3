# marks: 0.5  mistake: no_power
def verdict(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    spread = gaps.std(ddof=1)
    reach = stdtrit(len(gaps) - 1, 0.975) * spread / math.sqrt(len(gaps))
    days = max(2, math.ceil(((ndtri(0.975) + 0) * spread / difference) ** 2))
    return gaps.mean(), gaps.mean() - reach, gaps.mean() + reach, days
