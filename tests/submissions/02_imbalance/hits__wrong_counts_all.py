# marks: 0.0  mistake: misses_for_none
def hits(mid, obi):
    states, votes, direction = [], [], 0.0
    for i in range(len(mid) - 1, -1, -1):
        step = mid[i + 1] - mid[i] if i + 1 < len(mid) else 0.0
        direction = np.sign(step) if step else direction
        states.append(bool(obi[i]) and np.sign(obi[i]) == direction)
        if step:
            votes.append(states[-1])
    nan = float("nan")
    return float(np.mean(states)), float(np.mean(votes)) if votes else nan
