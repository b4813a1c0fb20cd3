# marks: 0.0  mistake: unpaired
def verdict(cost_a, cost_b, difference):
    gaps = cost_a - cost_b
    spread = math.sqrt(cost_a.var(ddof=1) + cost_b.var(ddof=1))
    reach = stdtrit(len(gaps) - 1, 0.975) * spread / math.sqrt(len(gaps))
    days = max(2, math.ceil(((ndtri(0.975) + ndtri(0.8)) * spread / difference) ** 2))
    return gaps.mean(), gaps.mean() - reach, gaps.mean() + reach, days
