# marks: 1.0  mistake: last_lean_votes
def hits(mid, obi):
    states, votes, direction, waiting = [], [], 0, False
    for i in range(len(mid) - 2, -1, -1):
        step = mid[i + 1] - mid[i]
        if step != 0:
            direction, waiting = np.sign(step), True
        if direction != 0 and obi[i] != 0:
            states.append(np.sign(obi[i]) == direction)
            if waiting:
                votes.append(states[-1])
                waiting = False
    return tuple(float(np.mean(v)) if v else float("nan") for v in (states, votes))
