# marks: 4.0
def hits(mid, obi):
    waiting, states, votes = [], [], []
    for i in range(len(mid) - 1):
        waiting.append(obi[i])
        step = mid[i + 1] - mid[i]
        if step == 0:
            continue
        states += [lean * step > 0 for lean in waiting if lean != 0]
        if obi[i] != 0:
            votes.append(obi[i] * step > 0)
        waiting = []
    nan = float("nan")
    return (sum(states) / len(states) if states else nan, sum(votes) / len(votes) if votes else nan)
