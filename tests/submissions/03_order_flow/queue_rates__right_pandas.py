# marks: 5.0
def queue_rates(time_s, length, joined, horizon_s, longest):
    last = length[-1] + (2 * int(joined[-1]) - 1)
    stays = pd.DataFrame({"n": np.append(length, last),
                          "s": np.diff(np.r_[0.0, time_s, horizon_s])})
    seconds = stays.groupby("n")["s"].sum().reindex(range(longest + 1))
    events = pd.crosstab(length, joined).reindex(range(longest + 1), fill_value=0)
    return tuple((events[k] if k in events else 0 * seconds) / seconds for k in (True, False))
