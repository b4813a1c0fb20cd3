# marks: 4.0
def half_spreads(prices, signs, mid, mid_later):
    effective, realised, impact = [], [], []
    for p, s, m, later in zip(prices, signs, mid, mid_later):
        s = float("nan") if s == 0 else s
        effective.append(s * (p / m - 1) * 10_000)
        realised.append(s * (p - later) / m * 10_000)
        impact.append(s * (later / m - 1) * 10_000)
    return effective, realised, impact
