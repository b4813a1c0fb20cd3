# marks: 5.0
def profit_parts(side, size, price, fee, mid, mid_later, end_mid):
    spread = adverse = fees = total = 0.0
    for s, x, p, f, m, later in zip(side, size, price, fee, mid, mid_later):
        if later != later:
            later = end_mid
        spread += s * x * (m - p)
        adverse += s * x * (later - m)
        fees -= f
        total += s * x * (end_mid - p) - f
    return spread, adverse, total - spread - adverse - fees, fees
