# marks: 5.0
def queue_rates(time_s, length, joined, horizon_s, longest):
    exposure, ups, downs = ([0.0] * (longest + 1) for _ in range(3))
    now, queue = 0.0, int(length[0])
    for t, n, up in zip(time_s, length, joined):
        exposure[n] += t - now
        (ups if up else downs)[n] += 1
        now, queue = t, n + 1 if up else n - 1
    exposure[queue] += horizon_s - now
    nan = float("nan")
    return ([e / t if t > 0 else nan for e, t in zip(ups, exposure)],
            [e / t if t > 0 else nan for e, t in zip(downs, exposure)])
