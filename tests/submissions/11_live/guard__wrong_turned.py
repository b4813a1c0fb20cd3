# marks: 0  mistake: turned
def guard(difference, tau, alpha, least):
    for day in range(least, len(difference) + 1):
        x = difference[:day]
        v = x.var(ddof=1) / day
        reach = math.sqrt(v * (v + tau**2) / tau**2
                          * (2 * math.log(1 / alpha) + math.log(1 + tau**2 / v)))
        if abs(x.mean()) > reach:
            return ("better" if x.mean() > 0 else "worse"), day
    return "open", len(difference)
