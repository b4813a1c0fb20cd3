# marks: 4.0
def sign_memory(time_ns, sign, lags):
    orders, last = [], None
    for fill in zip(time_ns, sign):
        if fill != last:
            orders.append(float(fill[1]))
        last = fill
    mean = sum(orders) / len(orders)
    x = [o - mean for o in orders]
    total = sum(v * v for v in x)
    found = []
    for k in lags:
        if k >= len(x) or total == 0:
            found.append(float("nan"))
        else:
            found.append(sum(x[i] * x[i + k] for i in range(len(x) - k)) / total)
    return found
