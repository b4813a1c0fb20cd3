# marks: 0.0  mistake: whole_window
def queue_rates(time_s, length, joined, horizon_s, longest):
    exposure = np.full(longest + 1, float(horizon_s))
    answer = []
    for kind in (joined, ~joined):
        events = np.bincount(length[kind], minlength=longest + 1)
        rate = np.full(longest + 1, np.nan)
        answer.append(np.divide(events, exposure, out=rate, where=exposure > 0))
    return tuple(answer)
