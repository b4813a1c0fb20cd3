# marks: 0  mistake: not_of_the_mean
def guard(difference, tau, alpha, least):
    for day in range(least, len(difference) + 1):
        x = difference[:day]
        v = x.var(ddof=1)
        reach = math.sqrt(v * (v + tau**2) / tau**2
                          * (2 * math.log(1 / alpha) + math.log(1 + tau**2 / v)))
        if abs(x.mean()) > reach:
            return ("worse" if x.mean() > 0 else "better"), day
    return "open", len(difference)
