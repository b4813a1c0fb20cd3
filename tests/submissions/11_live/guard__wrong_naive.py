# marks: 3  mistake: naive
def guard(difference, tau, alpha, least):
    for day in range(least, len(difference) + 1):
        x = difference[:day]
        v = x.var(ddof=1) / day
        reach = 1.959964 * math.sqrt(v)
        if abs(x.mean()) > reach:
            return ("worse" if x.mean() > 0 else "better"), day
    return "open", len(difference)
