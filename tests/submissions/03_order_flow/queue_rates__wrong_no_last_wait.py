# marks: 0.0  mistake: no_last_wait
def queue_rates(time_s, length, joined, horizon_s, longest):
    exposure = np.bincount(length, np.diff(time_s, prepend=0.0), longest + 1)
    answer = []
    for kind in (joined, ~joined):
        events = np.bincount(length[kind], minlength=longest + 1)
        rate = np.full(longest + 1, np.nan)
        answer.append(np.divide(events, exposure, out=rate, where=exposure > 0))
    return tuple(answer)
