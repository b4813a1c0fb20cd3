# marks: 6
def guard(difference, tau, alpha, least):
    for n in range(least, len(difference) + 1):
        x = difference[:n]
        s2 = sum((x - sum(x) / n) ** 2) / (n - 1) / n
        m = sum(x) / n
        log_ratio = 0.5 * (tau**2 * m**2 / (s2 * (s2 + tau**2)) - math.log(1 + tau**2 / s2))
        if log_ratio > math.log(1 / alpha):
            return "worse" if m > 0 else "better", n
    return "open", len(difference)
