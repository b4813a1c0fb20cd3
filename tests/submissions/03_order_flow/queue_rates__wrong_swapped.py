# marks: 0.0  mistake: swapped
def queue_rates(time_s, length, joined, horizon_s, longest):
    waits = np.diff(np.concatenate([[0.0], time_s, [horizon_s]]))
    last = length[-1] + (1 if joined[-1] else -1)
    exposure = np.bincount(np.append(length, last), waits, longest + 1)
    answer = []
    for kind in (~joined, joined):
        events = np.bincount(length[kind], minlength=longest + 1)
        rate = np.full(longest + 1, np.nan)
        answer.append(np.divide(events, exposure, out=rate, where=exposure > 0))
    return tuple(answer)
