# marks: 4.0
def impact_estimate(side, before, with_order, without_order):
    gaps = [side * (w - o) / b * 10_000 for b, w, o in zip(before, with_order, without_order)]
    gaps = [g for g in gaps if g == g]
    n, mean = len(gaps), sum(gaps) / len(gaps)
    s = (sum((g - mean) ** 2 for g in gaps) / (n - 1)) ** 0.5
    reach = float(stdtrit(n - 1, 0.975)) * s / n**0.5
    return [mean, mean - reach, mean + reach]
